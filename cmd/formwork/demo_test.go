package main

import (
	"net/url"
	"strings"
	"testing"
)

// The first start makes the demonstration, the next changes nothing; the command adds
// to it only when it is told to, in the store or through a server.
func TestDemonstration(t *testing.T) {
	data := t.TempDir()
	environment := map[string]string{"FORMWORK_ADMIN_EMAIL": "ada@example.com", "FORMWORK_ADMIN_PASSWORD": "correct horse",
		"FORMWORK_EMAIL": "ada@example.com", "FORMWORK_PASSWORD": "correct horse", "FORMWORK_DEMO_PASSWORD": "battery staple"}
	s := serve(t, data, environment, "--demo", "60")
	if s.login(t, "", "sarah@example.com", "battery staple") == "" {
		t.Error("nobody of the demonstration can log in")
	}
	if out := s.out.String(); strings.Contains(out, "battery") || !strings.Contains(out, "sarah@example.com") {
		t.Errorf("what is said of the people: %s", out)
	}
	cases := "/api/v1/records/case?count=exact&limit=1&filter=" + url.QueryEscape(`resolution_state in ["running", "met"]`)
	if got := s.get(t, s.login(t, "", "nadia@example.com", "battery staple"), cases); !strings.Contains(got, `"total":`) || strings.Contains(got, `"total":0`) {
		t.Errorf("the cases of the demonstration: %s", got)
	}
	if status, _, log := command(t, environment, "demo", "--url", s.url, "--size", "20"); status != 1 || !strings.Contains(log, "--more") {
		t.Errorf("demonstration data over what is there: %d %s", status, log)
	}
	if out := must(t, environment, "demo", "--url", s.url, "--size", "20", "--more"); !strings.Contains(out, "records are there") || strings.Contains(out, "sarah@example.com") {
		t.Errorf("more through a server: %s", out)
	}
	s.stop()

	s = serve(t, data, environment, "--demo", "60")
	if out := s.out.String(); strings.Contains(out, "demonstration") || strings.Contains(out, "login") {
		t.Errorf("the second start says %s", out)
	}
	s.stop()

	if out := must(t, environment, "demo", "--data", data, "--size", "20", "--more"); !strings.Contains(out, "records are there") {
		t.Errorf("more in a store: %s", out)
	}
	if status, _, log := command(t, environment, "demo", "--data", data, "--size", "0"); status != 1 || !strings.Contains(log, "--size") {
		t.Errorf("a size of nothing: %d %s", status, log)
	}
}

func TestProfilesAreForThisMachine(t *testing.T) {
	for _, address := range []string{"0.0.0.0:6060", ":6060", "example.com:6060", "nonsense"} {
		if status, _, log := command(t, nil, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--pprof", address); status != 1 || !strings.Contains(log, "--pprof") {
			t.Errorf("--pprof %s: %d %s", address, status, log)
		}
	}
}
