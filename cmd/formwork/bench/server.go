package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// readyWithin is how long a server may take to start.
const readyWithin = 2 * time.Minute

// server is a server in a process of its own.
type server struct {
	command *exec.Cmd
	base    string        // http://127.0.0.1:port
	ready   time.Duration // from the start of the process to the first answer that it is
	said    *tail
}

// start starts a server on this machine and waits until it is ready.
func start(ctx context.Context, executable, listen string, storage []string) (*server, error) {
	s := &server{said: &tail{}}
	s.command = exec.Command(executable, append([]string{"serve", "--listen", listen}, storage...)...)
	s.command.Stderr = s.said
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	began := time.Now()
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	lines := bufio.NewReader(out)
	for s.base == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, errors.Join(fmt.Errorf("the server ended before it said where it is: %s", s.said), s.command.Wait())
		}
		if _, address, ok := strings.Cut(strings.TrimSpace(line), "http://"); ok {
			s.base = "http://" + address
		}
	}
	go io.Copy(io.Discard, lines) //nolint:errcheck // ends with the process
	if err := s.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.ready = time.Since(began)
	return s, nil
}

func (s *server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/readyz", nil)
		if err != nil {
			return fmt.Errorf("asking whether the server is ready: %w", err)
		}
		if answer, err := client.Do(request); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server to be ready: %w: %s", ctx.Err(), s.said)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// stop tells the server to end and waits for it.
func (s *server) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping the server: %w", err)
	}
	if err := s.command.Wait(); err != nil {
		return fmt.Errorf("stopping the server: %w: %s", err, s.said)
	}
	return nil
}

// memory is the server's resident memory in MiB; 0 where the system does not tell.
func (s *server) memory() float64 {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(s.command.Process.Pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}

// tail keeps the last of what a process says.
type tail struct {
	mu   sync.Mutex
	last []byte
}

func (t *tail) Write(b []byte) (int, error) {
	const kept = 4096
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	t.last = t.last[max(0, len(t.last)-kept):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.last)
}

// call sends a request below /api/v1 and reads the answer; see demo.Remote.
func (c *client) call(_ context.Context, method, path string, in, out any) error {
	r := request{method: method, path: "/api/v1" + path}
	if in != nil {
		var err error
		if r.body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
	}
	status, body, err := c.send(r)
	if err != nil {
		return err
	}
	if status >= 300 {
		return fmt.Errorf("%s %s: the server answers %d: %.500s", method, path, status, body)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("%s %s: reading the answer: %w", method, path, err)
	}
	return nil
}

// login logs in, so that what c sends is sent by that user.
func (c *client) login(ctx context.Context, tenant, email, password string) error {
	var answer struct {
		Token string `json:"token"`
	}
	if err := c.call(ctx, "POST", "/auth/login", map[string]string{"tenant": tenant, "email": email, "password": password}, &answer); err != nil {
		return fmt.Errorf("logging in as %s: %w", email, err)
	}
	c.token = answer.Token
	return nil
}
