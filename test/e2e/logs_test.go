package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A process that logs as JSON writes nothing else to its log, and the events that an
// operator waits for are in it, under names that stay, without a secret.
func TestLogsAsJSON(t *testing.T) {
	copies := t.TempDir()
	s := newServer(t, "--log-format", "json", "--backup-to", copies)
	login := func(password string) {
		t.Helper()
		response, err := s.http.Post(s.base+"/api/v1/auth/login", "application/json", strings.NewReader(`{"email":"`+adminEmail+`","password":"`+password+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode == http.StatusInternalServerError {
			t.Fatal(response.Status)
		}
	}
	for range 31 { // one more than an address may fail
		login("a wrong password")
	}
	until(t, "a first backup", func() bool { return strings.Contains(s.log.String(), `"backup made"`) })
	// The place of the copies breaks: a file is where the folder was.
	if err := os.RemoveAll(filepath.Join(copies, "main")); err != nil {
		t.Fatal(err)
	}
	s.stop()
	if err := os.WriteFile(filepath.Join(copies, "main"), []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start(t)
	until(t, "a backup that fails", func() bool { return strings.Contains(s.log.String(), `"backup failed"`) })
	s.stop()

	seen := map[string]map[string]any{}
	for line := range strings.Lines(s.log.String()) {
		if strings.HasPrefix(line, "Formwork ") || strings.HasPrefix(line, "First login") { // the standard output
			continue
		}
		var event map[string]any
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Errorf("no JSON: %s", line)
			continue
		}
		if at, err := time.Parse(time.RFC3339, event["time"].(string)); err != nil || time.Since(at) > time.Hour {
			t.Errorf("the time of %s: %v", line, err)
		}
		seen[event["msg"].(string)] = event
	}
	for name, want := range map[string]map[string]any{
		"started":            {"level": "INFO", "version": "dev", "listen": s.base, "store": "sqlite", "blobs": "sqlite"},
		"revision published": {"level": "INFO", "tenant": "main", "revision": 1.0, "author": "", "changed": 0.0, "removed": 0.0},
		"login refused":      {"level": "WARN", "tenant": "main", "client": "127.0.0.1"},
		"logins held":        {"level": "WARN", "client": "127.0.0.1", "failed": 30.0},
		"backup made":        {"level": "INFO", "tenant": "main", "files": 0.0, "removed": 0.0},
		"backup failed":      {"level": "ERROR", "tenant": "main"},
		"stopping":           {"level": "INFO"},
		"stopped":            {"level": "INFO"},
	} {
		got := seen[name]
		if got == nil {
			t.Errorf("no line %q", name)
		}
		for key, value := range want {
			if got != nil && got[key] != value {
				t.Errorf("%q: %s is %v, want %v", name, key, got[key], value)
			}
		}
	}
	if added, _ := seen["revision published"]["added"].(float64); added < 10 {
		t.Errorf("the first revision adds %v documents", added)
	}
	for _, secret := range []string{password, "a wrong password"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
	// What keeps a start from succeeding is a line of JSON, too.
	out, err := s.formwork("serve", "--log-format", "json", "--proxies", "foo")
	var event map[string]any
	if json.Unmarshal([]byte(out), &event) != nil || event["msg"] != "failed" || err == nil {
		t.Errorf("a failed start says %s (%v)", out, err)
	}
}
