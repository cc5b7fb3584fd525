package plugins_test

import (
	"context"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/outbox"
	"formwork/engine/platform"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/plugins"
)

// echo makes another account of each that is made, three deep.
func echo(h plugins.Host) []outbox.Consumer {
	return []outbox.Consumer{{
		Name: "echo",
		Wants: func(e *outbox.Event) bool {
			return e.Object == "account" && e.Action == string(record.Created) && e.Depth < 3
		},
		Handle: func(ctx context.Context, t store.Tenant, b *outbox.Batch) error {
			system, err := h.System(ctx, t)
			if err != nil {
				return err
			}
			for _, e := range b.Events {
				records := system.Depth(int(e.Depth) + 1)
				if _, err := records.Create(ctx, "account", map[string]any{"name": "Echo of " + e.Record.String()}); err != nil {
					return err
				}
			}
			return nil
		},
	}}
}

// loud is asked before an account is saved, and marks its name.
type loud struct{}

func (loud) Wants(_ *catalog.Snapshot, object string, a record.Action) bool {
	return object == "account" && a == record.Created
}

func (loud) BeforeSave(_ context.Context, _ store.Reader, c *record.Change) error {
	return c.Set("name", c.Get("name").(string)+"!")
}

// A plugin's hook and consumer work in the platform as a program has it.
func TestPluginsTakePartInSaving(t *testing.T) {
	s := teststore.Open(t)
	p := platform.New(platform.Options{Store: s, Plugins: []plugins.Set{{SaveHooks: []record.SaveHook{loud{}}, Consumers: echo}}})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })

	acme, err := s.Create(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := p.Catalog.Install(ctx, acme)
	if err != nil {
		t.Fatal(err)
	}
	records := p.Records.As(acme, snapshot, policy.System("acme"))
	if _, err := records.Create(ctx, "account", map[string]any{"name": "Call"}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for range 2000 {
		page, err := p.Records.As(acme, snapshot, policy.System("acme")).List(ctx, "account", record.ListQuery{Fields: []string{"name"}, Sort: []string{"id"}})
		if err != nil {
			t.Fatal(err)
		}
		names = names[:0]
		for _, item := range page.Items {
			names = append(names, item.CSV(1))
		}
		if status, err := p.Outbox.Status(ctx, acme); err == nil && len(names) == 4 && len(status) == 1 && status[0].Behind == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if len(names) != 4 || names[0] != "Call!" || names[3][len(names[3])-1] != '!' {
		t.Errorf("the accounts are %q", names)
	}
}
