// Package bench measures a running server over HTTP, and beside it the bare store
// doing the same work, in one run on one machine: the ratio says what Formwork adds.
package bench

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Result is what one operation reached.
type Result struct {
	Name     string
	PerSec   float64 // requests, or rows where an operation moves many
	P50, P99 time.Duration
	Errors   int64
}

// request is one HTTP request to send; body may be nil.
type request struct {
	method, path string
	body         []byte
}

// client sends requests to one server over a fixed number of connections.
type client struct {
	base        string
	token       string
	connections int
	http        *fasthttp.Client
}

// newClient speaks to a server on this machine only.
func newClient(base, token string, connections int) (*client, error) {
	host, _, err := net.SplitHostPort(strings.TrimPrefix(base, "http://"))
	if err != nil {
		return nil, fmt.Errorf("reading the address: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("load is sent to this machine only, not to %s", host)
	}
	return &client{base: base, token: token, connections: connections, http: &fasthttp.Client{
		MaxConnsPerHost: connections, ReadTimeout: time.Minute, WriteTimeout: time.Minute, MaxResponseBodySize: 64 << 20}}, nil
}

// send sends one request and returns the status and the body.
func (c *client) send(r request) (int, []byte, error) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	c.fill(req, r)
	if err := c.http.Do(req, resp); err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return resp.StatusCode(), slices.Clone(resp.Body()), nil
}

func (c *client) fill(req *fasthttp.Request, r request) {
	req.SetRequestURI(c.base + r.path)
	req.Header.SetMethod(r.method)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if r.body != nil {
		req.Header.SetContentType("application/json")
		req.SetBody(r.body)
	}
}

// load sends what next makes over all connections for a time and measures each
// answer. next is called with a number that is never used twice.
func (c *client) load(name string, length time.Duration, next func(n int) request) Result {
	var (
		number, failed atomic.Int64
		wait           sync.WaitGroup
		times          = make([][]time.Duration, c.connections)
	)
	begin := time.Now()
	for i := range c.connections {
		wait.Go(func() {
			req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(req)
			defer fasthttp.ReleaseResponse(resp)
			for time.Since(begin) < length {
				req.Reset()
				c.fill(req, next(int(number.Add(1))))
				sent := time.Now()
				if err := c.http.Do(req, resp); err != nil || resp.StatusCode() >= 300 {
					failed.Add(1)
				}
				times[i] = append(times[i], time.Since(sent))
			}
		})
	}
	wait.Wait()
	return summary(name, slices.Concat(times...), time.Since(begin), failed.Load())
}

// concurrently does work in process as load does over HTTP.
func concurrently(name string, workers int, length time.Duration, do func(n int) error) Result {
	var (
		number, failed atomic.Int64
		wait           sync.WaitGroup
		times          = make([][]time.Duration, workers)
	)
	begin := time.Now()
	for i := range workers {
		wait.Go(func() {
			for time.Since(begin) < length {
				started := time.Now()
				if err := do(int(number.Add(1))); err != nil {
					failed.Add(1)
				}
				times[i] = append(times[i], time.Since(started))
			}
		})
	}
	wait.Wait()
	return summary(name, slices.Concat(times...), time.Since(begin), failed.Load())
}

func summary(name string, times []time.Duration, length time.Duration, failed int64) Result {
	r := Result{Name: name, PerSec: float64(len(times)) / length.Seconds(), Errors: failed}
	if len(times) > 0 {
		slices.Sort(times)
		r.P50, r.P99 = times[len(times)/2], times[min(len(times)-1, len(times)*99/100)]
	}
	return r
}
