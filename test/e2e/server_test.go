// Package e2e breaks Formwork from outside: the tests build the program once,
// run it as a process of its own on a folder of its own, and know nothing of it
// but HTTP and, to see what was written, its files.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"formwork/engine/store/mongo/mongotest"
)

const (
	adminEmail = "admin@example.com"
	password   = "correct horse battery"
)

// binary is the program, built by TestMain or named in FORMWORK_TEST_BINARY.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if filepath.Base(os.Args[0]) == "curl" { // see tools
		if err := curl(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	if len(os.Args) == 2 && os.Args[1] == attackersCommand {
		if err := attackAll(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	if binary = os.Getenv("FORMWORK_TEST_BINARY"); binary == "" {
		dir, err := os.MkdirTemp("", "formwork-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "formwork")
		build := exec.Command("go", "build", "-o", binary, "formwork/cmd/formwork")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
			return 1
		}
	}
	code := m.Run()
	if shared.server != nil {
		shared.server.stop()
		os.RemoveAll(shared.server.dir)
	}
	return code
}

// server is the program on a folder, in a process that may be stopped, killed and
// started again.
type server struct {
	dir      string
	database string // the address of a MongoDB, instead of the folder
	base     string
	log      *lockedBuffer // of all its processes
	// flags and environment are told to its processes besides those of every test.
	flags, environment []string

	process *exec.Cmd
	ended   chan struct{}
	http    *http.Client
	glances map[string]*glance // by tenant
}

// lockedBuffer may be written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// environment is what every process of the program is told.
func environment() []string {
	return append(os.Environ(), "FORMWORK_ADMIN_EMAIL="+adminEmail, "FORMWORK_ADMIN_PASSWORD="+password, "FORMWORK_USER_PASSWORD="+password)
}

// newServer starts the program on a folder of its own, until the test ends.
func newServer(t testing.TB, flags ...string) *server {
	t.Helper()
	return startServer(t, &server{flags: flags})
}

// startServer is newServer with flags and an environment of its own.
func startServer(t testing.TB, s *server) *server {
	t.Helper()
	s.dir, s.log = t.TempDir(), &lockedBuffer{}
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("the server's log:\n%s", tail(s.log.String(), 8000))
		}
	})
	s.start(t)
	return s
}

// twoProcesses starts the program twice on one database of a MongoDB, if there is one.
func twoProcesses(t testing.TB, flags ...string) (both []*server) {
	t.Helper()
	uri := mongotest.URI()
	if uri == "" {
		t.Skip("FORMWORK_TEST_MONGODB_URI names no server: files are served by one process")
	}
	for address := mongotest.Address(t, uri); len(both) < 2; {
		both = append(both, startServer(t, &server{database: address, flags: flags}))
	}
	return both
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// shared is a server for all tests that do it no harm.
var shared struct {
	sync.Once
	server *server
	world  *world
	err    error
}

// start begins a process and waits until it is ready.
func (s *server) start(t testing.TB) {
	t.Helper()
	if err := s.begin(); err != nil {
		t.Fatal(err)
	}
}

func (s *server) begin() error {
	s.process = exec.Command(binary, slices.Concat([]string{"serve", "--listen", "127.0.0.1:0"}, s.place(), s.flags)...)
	s.process.Env, s.process.Stderr = append(environment(), s.environment...), s.log
	out, err := s.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	s.ended = make(chan struct{})
	lines, process, ended := bufio.NewReader(io.TeeReader(out, s.log)), s.process, s.ended
	first, err := lines.ReadString('\n')
	go func() {
		defer close(ended)
		io.Copy(io.Discard, lines)
		process.Wait()
	}()
	_, address, found := strings.Cut(first, "http://")
	if err != nil || !found {
		s.kill()
		return fmt.Errorf("the server did not start: %q, %v\n%s", first, err, tail(s.log.String(), 4000))
	}
	s.base = "http://" + strings.TrimSpace(address)
	s.http = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	for began := time.Now(); time.Since(began) < hangsAfter; time.Sleep(5 * time.Millisecond) {
		response, err := s.http.Get(s.base + "/readyz")
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
	s.kill()
	return fmt.Errorf("the server is not ready:\n%s", tail(s.log.String(), 4000))
}

// place says where the data is.
func (s *server) place() []string {
	if s.database != "" {
		return []string{"--database", s.database}
	}
	return []string{"--data", s.dir}
}

// kill ends the process as a power failure of it would.
func (s *server) kill() { s.signal(syscall.SIGKILL) }

// stop has the process end by itself.
func (s *server) stop() { s.signal(syscall.SIGTERM) }

func (s *server) signal(how os.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(how) // it may have ended by itself
	select {
	case <-s.ended:
	case <-time.After(40 * time.Second):
		_ = s.process.Process.Kill()
		<-s.ended
	}
	s.process = nil
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
}

// formwork runs another command of the program on the server's data.
func (s *server) formwork(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, binary, append(arguments, s.place()...)...)
	command.Env = environment()
	out, err := command.CombinedOutput()
	return string(out), err
}

// hangsAfter is when something that is waited for is taken not to come. How fast the
// program is says nothing in a test: the machine may be busy.
const hangsAfter = 3 * time.Minute

// until waits for a condition.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	untilDone(t, what, func() (bool, string) { return holds(), "" })
}

// untilDone waits for work that may take longer than a machine hangs, as long as it goes on: what is told of it changes.
func untilDone(t testing.TB, what string, work func() (done bool, told string)) {
	t.Helper()
	for began, before := time.Now(), ""; ; time.Sleep(10 * time.Millisecond) {
		done, told := work()
		switch {
		case done:
			return
		case told != before:
			began, before = time.Now(), told
		case time.Since(began) > hangsAfter:
			t.Fatalf("waited %v in vain: %s; at last %s", hangsAfter, what, told)
		}
	}
}
