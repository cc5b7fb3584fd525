package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// attackersCommand is the argument that makes the test binary the process of the attackers.
const attackersCommand = "attackers"

// attackPause is between two attempts of an attacker.
const attackPause = 20 * time.Millisecond

// siege is what the attackers know: a server, and who they are there.
type siege struct {
	Base  string        `json:"base"`
	Admin string        `json:"admin"` // a token of the hostile tenant's admin
	User  string        `json:"user"`  // a token of one of its users
	Lasts time.Duration `json:"lasts"`
	Only  string        `json:"only"` // a pattern of the names of the attacks; "": all
}

// outcome is what came of a siege.
type outcome struct {
	Counted  map[string]int64 `json:"counted"` // by attack and what it was answered
	Failures []string         `json:"failures"`
}

// attackers are the process from which a server is attacked. It gets the processors that
// nobody else wants: attackers in the world have processors of their own, and these have those
// of the server, whose tail would be theirs.
type attackers struct {
	t       *testing.T
	process *exec.Cmd
	out     strings.Builder
	busy    time.Duration // of processors; known after wait
}

func startAttackers(t *testing.T, of siege) *attackers {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	told, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	a := &attackers{t: t, process: exec.CommandContext(t.Context(), "nice", "-n", "19", self, attackersCommand)}
	a.process.Stdin, a.process.Stdout, a.process.Stderr = strings.NewReader(string(told)), &a.out, os.Stderr
	if err := a.process.Start(); err != nil {
		t.Fatal(err)
	}
	return a
}

// wait waits for the end of the siege, and tells what came of it.
func (a *attackers) wait() {
	a.t.Helper()
	err := a.process.Wait()
	var came outcome
	if err == nil {
		err = json.Unmarshal([]byte(a.out.String()), &came)
	}
	if err != nil {
		a.t.Fatalf("the attackers failed: %v\n%s", err, tail(a.out.String(), 2000))
	}
	a.busy = a.process.ProcessState.UserTime() + a.process.ProcessState.SystemTime()
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(came.Counted)) {
		lines = append(lines, fmt.Sprintf("%s × %d", what, came.Counted[what]))
	}
	a.t.Logf("attacks and what came of them:\n%s", strings.Join(lines, "\n"))
	for _, failure := range came.Failures {
		a.t.Error(failure)
	}
}

// raid is a siege from within the process of the attackers.
type raid struct {
	ctx         context.Context // ends with the siege
	base        string
	admin, user *client
	counted     sync.Map // attack and answer -> *atomic.Int64

	mu       sync.Mutex
	failures []string
}

// attackAll is the process of the attackers: a siege comes in and an outcome goes out.
func attackAll(in io.Reader, out io.Writer) error {
	var of siege
	if err := json.NewDecoder(in).Decode(&of); err != nil {
		return err
	}
	only, err := regexp.Compile(of.Only)
	if err != nil {
		return err
	}
	server := (&server{base: of.Base}).from("127.0.0.2")
	ctx, stop := context.WithTimeout(context.Background(), of.Lasts)
	defer stop()
	r := &raid{ctx: ctx, base: of.Base, admin: &client{server: server, token: of.Admin}, user: &client{server: server, token: of.User}}
	var all sync.WaitGroup
	for _, attacks := range []map[string]attack{adminAttacks, userAttacks, strangerAttacks} {
		for name, attack := range attacks {
			if !only.MatchString(name) {
				continue
			}
			for i := range attack.atOnce {
				all.Go(func() { r.repeat(name, i, attack.do) })
			}
		}
	}
	all.Wait()
	came := outcome{Counted: map[string]int64{}, Failures: r.failures}
	r.counted.Range(func(what, n any) bool {
		came.Counted[what.(string)] = n.(*atomic.Int64).Load()
		return true
	})
	return json.NewEncoder(out).Encode(came)
}

// from is the server as it is called from another address, with connections of its own, by
// somebody who soon gives up, which the server doesn't notice.
func (s *server) from(address string) *server {
	other := *s
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	other.http = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 64}}
	return &other
}

// attack is something that is done again and again.
type attack struct {
	atOnce int
	do     func(one *attempt)
}

// attempt is one of several that do the same at once.
type attempt struct {
	*raid
	name   string
	n      int // a number of its own
	round  int
	random *rand.Rand
}

func (r *raid) repeat(name string, n int, do func(*attempt)) {
	one := &attempt{raid: r, name: name, n: n, random: rand.New(rand.NewPCG(uint64(n), 7))}
	for r.ctx.Err() == nil {
		one.round++
		do(one)
		time.Sleep(attackPause)
	}
}

// send sends a request; a hostile one may be refused, but never fail inside.
func (o *attempt) send(as *client, method, path string, body any) {
	answer, err := as.send(method, path, body)
	if err != nil {
		o.count("no answer")
		return
	}
	o.count(fmt.Sprint(answer.status, " ", answer.code()))
	if answer.status == 500 {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.failures = append(o.failures, fmt.Sprintf("%s: %v", o.name, answer))
	}
}

func (o *attempt) count(what string) {
	n, _ := o.counted.LoadOrStore(o.name+": "+what, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

// raw sends bytes from an address, and holds the connection for a while without reading.
func (o *attempt) raw(from, text string, holds time.Duration) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	c, err := dialer.DialContext(o.ctx, "tcp", strings.TrimPrefix(o.base, "http://"))
	if err != nil {
		o.count("no connection")
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(holds + time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		o.count("cut off")
		return
	}
	o.count("sent")
	select {
	case <-o.ctx.Done():
	case <-time.After(holds):
	}
}
