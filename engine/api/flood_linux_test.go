package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"formwork/engine/api"
)

// flooded is set in a process that serves with few descriptors.
const flooded = "FORMWORK_TEST_FLOODED"

// TestServesFlooded is that process: it takes all descriptors whenever it reads a line,
// and gives them back at the next.
func TestServesFlooded(t *testing.T) {
	if os.Getenv(flooded) == "" {
		t.Skip("is run by TestFlood in a process of its own")
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	server := api.New(api.Options{Now: time.Now})
	go func() { ended <- server.Serve(l) }()
	fmt.Println("address", l.Addr())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var taken []*os.File
		for {
			f, err := os.Open(os.DevNull)
			if err != nil {
				break
			}
			taken = append(taken, f)
		}
		fmt.Println("taken", len(taken))
		lines.Scan()
		for _, f := range taken {
			f.Close()
		}
		fmt.Println("freed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	server.Shutdown(ctx) //nolint:errcheck // those who flood keep their connections
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// More connections than there are descriptors, and then no descriptor at all: the process
// lives, serves other addresses, and goes on.
func TestFlood(t *testing.T) {
	process := exec.Command(os.Args[0], "-test.run=^TestServesFlooded$", "-test.v")
	process.Env = append(os.Environ(), flooded+"=1")
	process.Stderr = os.Stderr
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewScanner(pipe)
	says := func(word string) string {
		for out.Scan() {
			if rest, ok := strings.CutPrefix(out.Text(), word); ok {
				return strings.TrimSpace(rest)
			}
		}
		t.Fatalf("ended without saying %q", word)
		return ""
	}
	address := says("address ")

	for range 200 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	healthy := func(from string) error {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
		answer, err := client.Get("http://" + address + "/healthz")
		if err == nil {
			answer.Body.Close()
		}
		return err
	}
	if err := healthy("127.0.0.1"); err == nil {
		t.Error("an address has more connections than its share")
	}
	if err := healthy("127.0.0.2"); err != nil {
		t.Errorf("another address, while one floods: %v", err)
	}

	io.WriteString(in, "take\n")
	if says("taken") == "0" {
		t.Error("no descriptor was left to take")
	}
	waiting := make(chan error, 1)
	go func() { waiting <- healthy("127.0.0.3") }()
	// The connection is made by the system, and waits to be accepted.
	time.Sleep(100 * time.Millisecond)
	io.WriteString(in, "free\n")
	says("freed")
	if err := <-waiting; err != nil {
		t.Errorf("after descriptors were scarce: %v", err)
	}
	in.Close()
	for out.Scan() { // until it ends
	}
	if err := process.Wait(); err != nil {
		t.Errorf("the process: %v", err)
	}
}
