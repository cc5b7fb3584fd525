package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"formwork/engine/outbox"
	"formwork/engine/platform"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
	"formwork/plugins"
)

// A consumer that a former program had is told of until it is forgotten.
func TestConsumersThatAreNoMore(t *testing.T) {
	data := t.TempDir()
	given := map[string]string{"FORMWORK_ADMIN_PASSWORD": "correct horse battery"}
	must(t, given, "tenant", "create", "acme", "--data", data, "--email", "ann@acme.example")
	if out := must(t, nil, "outbox", "list", "--data", data, "--tenant", "acme"); !strings.HasPrefix(out, "collaboration: ") || strings.Contains(out, "former") {
		t.Errorf("list: %s", out)
	}
	former(t, data)
	if out := must(t, nil, "outbox", "list", "--data", data, "--tenant", "acme"); !strings.Contains(out, "former: ") || !strings.Contains(out, "1 event behind") || !strings.Contains(out, "failed 1 time") || !strings.Contains(out, "no such place") {
		t.Errorf("list: %s", out)
	}
	status, out, _ := command(t, nil, "doctor", "--data", data)
	if status != 1 || !strings.Contains(out, "acme: the consumer of events former: ") || !strings.Contains(out, "1 event behind") || !strings.Contains(out, "not part of this program") {
		t.Errorf("doctor: %d %s", status, out)
	}
	must(t, nil, "outbox", "remove", "former", "--data", data, "--tenant", "acme")
	if status, _, log := command(t, nil, "outbox", "remove", "former", "--data", data, "--tenant", "acme"); status != 1 || !strings.Contains(log, "no consumer") {
		t.Errorf("removed twice: %d %s", status, log)
	}
	if out := must(t, nil, "doctor", "--data", data); out != "1 tenant, nothing wrong.\n" {
		t.Errorf("doctor: %s", out)
	}
}

// former runs a platform with a consumer that fails, until it has.
func former(t *testing.T, data string) {
	t.Helper()
	s, err := sqlite.Open(data, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fails := func(context.Context, store.Tenant, *outbox.Batch) error { return errors.New("no such place") }
	p := platform.New(platform.Options{Store: s, Plugins: []plugins.Set{{Consumers: func(plugins.Host) []outbox.Consumer {
		return []outbox.Consumer{{Name: "former", Handle: fails}}
	}}}})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx) }() // looks at all tenants
	waits := func(f outbox.Figures) bool { return f.Consumer == "former" && f.Tenants > 0 }
	for !slices.ContainsFunc(p.Outbox.Figures(), waits) {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	<-done
}
