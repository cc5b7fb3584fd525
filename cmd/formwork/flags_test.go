package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A flag wins over the environment, and what contradicts itself is refused before
// anything is done.
func TestFlagsAndEnvironment(t *testing.T) {
	data, folder := filepath.Join(t.TempDir(), "data"), t.TempDir()
	write(t, folder, map[string]string{"object/visit.json": visit})
	environment := map[string]string{"FORMWORK_ADMIN_PASSWORD": "a given password", "FORMWORK_EMAIL": "admin@example.com", "FORMWORK_PASSWORD": "a given password"}
	must(t, environment, "tenant", "create", "main", "--data", data)
	must(t, environment, "tenant", "create", "acme", "--data", data)
	other := serve(t, t.TempDir(), environment)
	setenv := func(name, value string) { t.Setenv(name, value); environment[name] = value }

	setenv("FORMWORK_URL", other.url)
	setenv("FORMWORK_DATABASE", "mongodb://nowhere.invalid/?serverSelectionTimeoutMS=1")
	must(t, environment, "apply", "--data", data, "-f", folder)
	if out := must(t, environment, "revisions", "--data", data); !strings.HasPrefix(out, "2  ") {
		t.Errorf("the folder that was named: %s", out)
	}
	if out := must(t, environment, "revisions", "--url", other.url); !strings.HasPrefix(out, "1  ") {
		t.Errorf("the server that was not named: %s", out)
	}
	if out := must(t, environment, "rollback", "1", "--plan", "--data", data, "--allow", "object/visit"); !strings.Contains(out, "- object/visit") {
		t.Errorf("what going back would do: %s", out)
	}
	if out := must(t, environment, "rollback", "1", "--data", data, "--allow", "object/visit"); !strings.Contains(out, "revision 3") {
		t.Errorf("going back: %s", out)
	}
	for _, c := range []struct{ command, says string }{
		{"revisions --data x --url " + other.url, "different places"},
		{"user add eve@example.com --data " + data + " --database mongodb://x", "different places"},
		{"user add eve@example.com", "this command works on the store itself"},
		{"outbox list", "this command works on the store itself"},
		{"serve --data " + data + " --listen 127.0.0.1:0 --proxies foo", `"foo" is no address`},
	} {
		if status, _, log := command(t, environment, strings.Fields(c.command)...); status == 0 || !strings.Contains(log, c.says) {
			t.Errorf("%s: %d %s", c.command, status, log)
		}
	}

	setenv("FORMWORK_TENANT", "acme")
	must(t, environment, "user", "add", "eve@example.com", "--data", data)
	if status, _, log := command(t, environment, "user", "password", "eve@example.com", "--data", data, "--tenant", "main"); status == 0 || !strings.Contains(log, "no such user") {
		t.Errorf("the user is in another tenant: %d %s", status, log)
	}
	setenv("FORMWORK_TOKEN", other.login(t, "main", "admin@example.com", "a given password"))
	if status, _, log := command(t, environment, "revisions"); status == 0 || !strings.Contains(log, "is of tenant main, not of acme") {
		t.Errorf("a token of another tenant: %d %s", status, log)
	}
}

func TestVersionAndHelp(t *testing.T) {
	if out := must(t, nil, "version"); !strings.HasPrefix(out, "formwork dev (go1.") {
		t.Errorf("version: %s", out)
	}
	out := must(t, nil, "serve", "--help")
	for _, said := range []string{"Default: 127.0.0.1:8080.", "Default: data.", "Default: 24h,7d,4w."} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), said) {
			t.Errorf("help lacks %q", said)
		}
	}
}
