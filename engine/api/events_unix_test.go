//go:build unix

package api_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"formwork/engine/api"
	"formwork/engine/enginetest"
)

// BenchmarkIdleStreams holds a thousand streams of 125 users while nothing happens, and says what
// each takes: memory of the Go heap and stacks, and the processor's time for all of them.
func BenchmarkIdleStreams(b *testing.B) {
	const users, each = 125, 8
	p := enginetest.New(b, enginetest.Options{Now: time.Now})
	main := p.NewTenant("main")
	server := api.New(api.Options{Store: p.Store, Catalog: p.Catalog, Records: p.Records, Auth: p.Auth, Files: p.Files, Drafts: p.Drafts, Workflows: p.Workflows, Secrets: p.Secrets, Mail: p.Mail, Fetches: p.Fetches, Forms: p.Forms, Unsubscribing: p.Unsubscribing, Printer: p.Printer, Collaboration: p.Collaboration, Live: p.Live, Now: p.Now, Tenant: "main"})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go server.Serve(listener)                          //nolint:errcheck // it ends with the benchmark
	b.Cleanup(func() { server.Shutdown(b.Context()) }) //nolint:errcheck // see above
	var tokens []string
	for i := range users {
		email := fmt.Sprintf("user%d@example.com", i)
		main.User(email, map[string]any{"permissions": []any{"sales_user"}})
		token, _, err := p.Auth.Login(b.Context(), main, email, enginetest.Password)
		if err != nil {
			b.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	before := inUse()
	var open []net.Conn
	for i := range users * each {
		c, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		open = append(open, c)
		if _, err := io.WriteString(c, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+tokens[i%users]+"\r\n\r\n"); err != nil {
			b.Fatal(err)
		}
		for got, piece := "", make([]byte, 512); !strings.Contains(got, "unread"); {
			n, err := c.Read(piece)
			if err != nil {
				b.Fatal(err)
			}
			got += string(piece[:n])
		}
	}
	if n := p.Live.Streams(); n != users*each {
		b.Fatalf("%d streams are open", n)
	}
	memory := float64(inUse()-before) / float64(len(open))
	const watched = 25 * time.Second // with a heartbeat of each stream
	used := processorTime(b)
	b.ResetTimer()
	for range b.N {
		time.Sleep(watched)
	}
	b.ReportMetric(100*float64(processorTime(b)-used)/float64(watched)/float64(b.N), "%core")
	b.ReportMetric(memory, "B/stream")
	for _, c := range open {
		c.Close()
	}
}

// inUse is what the heap and stacks take.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// processorTime is what the process has used of the processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
