package runner_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/workflows/runner"
)

// meeting is a store whose next write into a table meets another on the same rows: it fails, and the transaction
// is begun anew.
type meeting struct {
	store.Store
	table string
	met   int
}

type meetingTenant struct {
	store.Tenant
	in *meeting
}

type meetingTx struct {
	store.Tx
	in *meeting
}

var errMet = errors.New("it met another")

func (m *meeting) Tenant(ctx context.Context, name string) (store.Tenant, error) {
	t, err := m.Store.Tenant(ctx, name)
	return meetingTenant{t, m}, err
}

func (m *meeting) Create(ctx context.Context, name string) (store.Tenant, error) {
	t, err := m.Store.Create(ctx, name)
	return meetingTenant{t, m}, err
}

func (t meetingTenant) Write(ctx context.Context, fn func(store.Tx) error) error {
	for {
		met := t.in.met
		err := t.Tenant.Write(ctx, func(tx store.Tx) error {
			err := fn(meetingTx{tx, t.in})
			if t.in.met > met {
				return errMet
			}
			return err
		})
		if t.in.met == met {
			return err
		}
	}
}

func (x meetingTx) Insert(ctx context.Context, table string, key id.ID, values map[string]any, words []string) error {
	if table == x.in.table {
		x.in.table = ""
		x.in.met++
		return errMet
	}
	return x.Tx.Insert(ctx, table, key, values, words)
}

// A step that fails in a transaction which is begun anew has not failed: its run goes on, and nobody is told.
func TestWhatIsBegunAnewHasNotFailed(t *testing.T) {
	var log bytes.Buffer
	var m *meeting
	p := enginetest.New(t, enginetest.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Open: func(t testing.TB) store.Store {
		m = &meeting{Store: teststore.Open(t)}
		return m
	}})
	tenant := p.NewTenant("main", "core")
	change := catalog.Change{Documents: append(read[[]json.RawMessage](t, "testdata/world.json"),
		json.RawMessage(`{"kind": "workflow", "name": "follow", "object": "account", "trigger": {"type": "after_save", "on": ["create"]}, "start": "make", "steps": {
			"make": {"type": "create", "object": "deal", "values": {"name": "name", "account": "id"}}}}`))}
	if _, err := tenant.Catalog.Apply(t.Context(), tenant.Tenant, change, 0); err != nil {
		t.Fatal(err)
	}
	m.table = "deal"
	tenant.Create("account", map[string]any{"name": "A"})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { p.Outbox.Run(ctx) })
	ended := func(state string) int {
		n, err := runner.Count(t.Context(), tenant.Tenant, state)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for began := time.Now(); ended(runner.Done)+ended(runner.Failed) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("the run does not end")
		}
	}
	stop()
	running.Wait()
	page, err := tenant.System().List(t.Context(), "deal", record.ListQuery{Limit: 10, Fields: []string{"name"}})
	if err != nil || m.met != 1 || len(page.Items) != 1 {
		t.Errorf("%d writes met another, and %d deals were made: %v", m.met, len(page.Items), err)
	}
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("the log says %s", &log)
	}
}
