package auth_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"formwork/engine/auth"
	"formwork/engine/enginetest"
	"formwork/engine/fault"
)

// A flood of logins from many addresses leaves room for those who are known.
func TestAFloodLeavesRoomForWhoIsKnown(t *testing.T) {
	w := newWorld(t)
	ada := w.user(w.Tenant, "ada@example.com", nil)
	from := func(device, password string) error {
		_, err := w.auth.LoginFrom(w.ctx, w.Tenant, auth.Attempt{Email: "ada@example.com", Password: password, Device: device, Remember: true})
		return err
	}
	first, err := w.auth.LoginFrom(w.ctx, w.Tenant, auth.Attempt{Email: "ada@example.com", Password: password, Remember: true})
	w.wants(err, "")
	knows := func(want bool) {
		t.Helper()
		got, err := w.auth.KnowsDevice(w.ctx, w.Tenant, auth.Attempt{Email: "ada@example.com", Device: first.Device})
		if err != nil || got != want {
			t.Errorf("the device is known: %v, %v", got, err)
		}
	}
	release := w.auth.Flood()
	w.wants(from("", password), "auth.busy")
	w.wants(from(first.Device, password), "")
	w.wants(w.auth.Verify(w.ctx, w.Tenant, ada, auth.Attempt{Password: password}), "")
	knows(true)
	for range 5 {
		w.wants(from(first.Device, "wrong"), "auth.failed")
	}
	w.wants(from(first.Device, password), "auth.busy") // it has become a stranger, for a while
	knows(false)
	release()
}

// lines is a log that is written to by several at a time.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	l.text.Reset()
	return text
}

// The log tells of every login that is refused whose it was, from where and why, and
// nothing of what was sent.
func TestRefusedLoginsAreLogged(t *testing.T) {
	log := &lines{}
	main := enginetest.New(t, enginetest.Options{Log: slog.New(slog.NewTextHandler(log, nil))}).NewTenant("main", "core")
	ada := main.User("ada@example.com", nil)
	main.User("gone@example.com", map[string]any{"active": false})
	const typed = "what I typed"
	for _, c := range []struct{ email, user, reason string }{
		{"ada@example.com", ada.String(), "password is wrong"},
		{"nobody@example.com", `user="" `, "no such user"},
		{"gone@example.com", "user=", "not active"},
	} {
		log.take()
		_, err := main.Auth.LoginFrom(t.Context(), main.Tenant, auth.Attempt{Email: c.email, Password: typed, Client: "203.0.113.9"})
		if !fault.Is(err, "auth.failed") {
			t.Errorf("%s: %v", c.email, err)
		}
		told := log.take()
		for _, want := range []string{"login refused", "tenant=main", "client=203.0.113.9", c.user, c.reason} {
			if !strings.Contains(told, want) {
				t.Errorf("%s: the log does not tell %q: %s", c.email, want, told)
			}
		}
		if strings.Contains(told, typed) || strings.Contains(told, c.email) {
			t.Errorf("the log tells what was sent: %s", told)
		}
	}
	log.take()
	if err := main.Auth.Refuse(t.Context(), auth.Attempt{Password: typed, Client: "203.0.113.9"}); err == nil || !strings.Contains(log.take(), "no such tenant") {
		t.Errorf("of no tenant: %v", err)
	}
}
