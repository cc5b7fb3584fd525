package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A server backs its tenants up; a copy is restored under another name, and doctor misses
// one that is not there.
func TestBackup(t *testing.T) {
	data, to := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "copies")
	environment := map[string]string{"FORMWORK_ADMIN_PASSWORD": "correct-horse-battery"}
	must(t, environment, "tenant", "create", "acme", "--data", data)
	status, out, _ := command(t, environment, "doctor", "--data", data, "--backup-to", to)
	if status != 1 || !strings.Contains(out, "acme: there is no backup") {
		t.Errorf("doctor without a backup: %d %s", status, out)
	}
	server := serve(t, data, environment, "--backup-to", to)
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if found, _ := filepath.Glob(filepath.Join(to, "acme", "*", "manifest.json")); len(found) == 1 {
			break
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal("the server takes no copy")
		}
	}
	if server.stop() != 0 {
		t.Error("the server did not stop well")
	}
	if out := must(t, environment, "doctor", "--data", data, "--backup-to", to); !strings.Contains(out, "1 tenant, nothing wrong.") {
		t.Errorf("doctor with a backup: %s", out)
	}
	out = must(t, environment, "backup", "--data", data, "--to", to, "--keep", "1h")
	if !strings.Contains(out, "acme: 1 old copy removed") {
		t.Errorf("backup: %s", out)
	}
	out = must(t, environment, "restore", "acme", "--as", "again", "--from", to, "--data", filepath.Join(t.TempDir(), "new"))
	if !strings.HasPrefix(out, "Tenant again is as acme was at ") {
		t.Errorf("restore: %s", out)
	}
	must(t, environment, "restore", "acme", "--as", "again", "--from", to, "--data", data)
	served := serve(t, data, environment)
	if served.login(t, "again", "admin@example.com", "correct-horse-battery") == "" {
		t.Error("nobody logs in to the restored tenant")
	}
	status, _, log := command(t, environment, "restore", "acme", "--from", to, "--data", data)
	if status != 1 || !strings.Contains(log, "exists already") {
		t.Errorf("restoring over a tenant: %d %s", status, log)
	}
	if status, _, log := command(t, environment, "backup", "--data", data, "--to", to, "--keep", "soon"); status != 1 || !strings.Contains(log, "no rule") {
		t.Errorf("a wrong rule: %d %s", status, log)
	}
	if _, err := os.Stat(filepath.Join(to, "again")); err == nil {
		t.Error("what was restored is among the copies")
	}
}
