package e2e

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// beginning starts a command of the program and kills it after a while.
func (s *server) beginning(t *testing.T, after time.Duration, arguments ...string) {
	t.Helper()
	command := exec.Command(binary, append(arguments, "--data", s.dir)...)
	command.Env = environment()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = command.Process.Kill() // it may have ended by itself
	_ = command.Wait()
}

// A first start that is killed is made good by the next.
func TestKilledAtTheFirstStart(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{30, 60, 90, 130, 180, 250} {
		s := &server{dir: t.TempDir(), log: &lockedBuffer{}}
		s.beginning(t, after*time.Millisecond, "serve", "--listen", "127.0.0.1:0")
		s.start(t)
		t.Cleanup(s.stop)
		admin := s.admin(t, "main")
		admin.create(t, "account", object{"name": "First"})
		if n := admin.count(t, "user"); n != 1 {
			t.Errorf("after %v: %d users", after*time.Millisecond, n)
		}
		s.stop()
		s.start(t) // and is not made again
		if n := s.admin(t, "main").count(t, "account"); n != 1 {
			t.Errorf("after %v: %d accounts", after*time.Millisecond, n)
		}
		s.stop()
	}
}

// So is the making of another tenant.
func TestKilledWhileATenantIsMade(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, after := range []time.Duration{30, 80, 150} {
		s.beginning(t, after*time.Millisecond, "tenant", "create", "second")
	}
	out, err := s.formwork("tenant", "create", "second")
	if err != nil && !strings.Contains(out, "tenant.exists") && !strings.Contains(out, "already") {
		t.Errorf("%v: %s", err, out)
	}
	s.admin(t, "second").create(t, "account", object{"name": "First"})
	if out, err := s.formwork("tenant", "create", "second"); err == nil {
		t.Errorf("made again: %s", out)
	}
	if n := s.admin(t, "second").count(t, "account"); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// Two servers don't share a folder.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if out, err := s.formwork("serve", "--listen", "127.0.0.1:0"); err == nil || !strings.Contains(out, "another server") {
		t.Errorf("%v: %s", err, out)
	}
	if a := s.admin(t, "main").do(t, "GET", "/me", nil); a.status != 200 {
		t.Errorf("the first: %v", a)
	}
}
