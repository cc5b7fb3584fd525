package outbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
)

const (
	crashDir    = "FORMWORK_TEST_CRASH_DIR"
	crashRounds = "FORMWORK_TEST_CRASH_ROUNDS" // 10 if not set
)

// TestMain runs the half of TestKill that is killed in processes of their own.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := writeAndConsume(context.Background(), dir, nil); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// crashConsumers write what they get to the table effect: "exact" (n 1) in the
// transaction that saves its position, "least" (n 2) before it acknowledges.
func crashConsumers(ids *id.Source) []outbox.Consumer {
	note := func(n int64, saves bool) func(ctx context.Context, t store.Tenant, b *outbox.Batch) error {
		return func(ctx context.Context, t store.Tenant, b *outbox.Batch) error {
			return t.Write(ctx, func(tx store.Tx) error {
				for _, e := range b.Events {
					if err := tx.Append(ctx, "effect", ids.Next(), map[string]any{"event": e.Position, "n": n}); err != nil {
						return err
					}
				}
				if saves {
					return b.SaveIn(ctx, tx)
				}
				return nil
			})
		}
	}
	return []outbox.Consumer{{Name: "exact", MaxEvents: 5, Handle: note(1, true)}, {Name: "least", MaxEvents: 5, Handle: note(2, false)}}
}

// writeAndConsume writes events on several goroutines, prints the record of each once
// it is acknowledged, and runs a dispatcher; until stop, if there is one, is closed.
func writeAndConsume(ctx context.Context, dir string, stop chan struct{}) error {
	s, err := sqlite.Open(dir, sqlite.Options{Relaxed: true}) // what a killed process wrote stays
	if err != nil {
		return err
	}
	defer s.Close()
	t, err := s.Tenant(ctx, "acme")
	if err != nil {
		return err
	}
	ids := id.NewSource(time.Now, rand.Uint32)
	d := outbox.New(outbox.Options{Tenant: s.Tenant, Tenants: s.Tenants, IDs: ids, Now: time.Now, Lease: 200 * time.Millisecond,
		Holder: strconv.Itoa(os.Getpid()), Backoff: time.Millisecond, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	d.Register(crashConsumers(ids)...)
	if stop != nil { // only consume
		ctx, cancel := context.WithCancel(ctx)
		go func() { <-stop; cancel() }()
		d.Run(ctx)
		return nil
	}
	go d.Run(ctx)
	var mu sync.Mutex
	failed := make(chan error)
	for range 3 {
		go func() {
			for {
				key := ids.Next()
				err := t.Write(ctx, func(tx store.Tx) error {
					return outbox.Append(ctx, tx, outbox.Event{ID: key, Object: "thing", Record: key, Action: "create", At: time.Now(), Changes: json.RawMessage(`{}`)})
				})
				if err != nil {
					failed <- err
					return
				}
				d.Wake("acme")
				mu.Lock()
				fmt.Println(int64(key))
				mu.Unlock()
				time.Sleep(time.Millisecond)
			}
		}()
	}
	return <-failed
}

// Processes that write and consume are killed at any moment, one or two at a time.
// Every event that was committed reaches each consumer, in order; what is saved in the
// consumer's own transaction happens once.
func TestKill(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv(crashRounds))
	if err != nil {
		rounds = 10
	}
	dir := t.TempDir()
	s, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	log := effects
	log.Log = true
	acme, err := s.Create(t.Context(), "acme")
	if err == nil {
		err = acme.Define(t.Context(), append(outbox.Tables(), log)...)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var acknowledged []int64
	for round := range rounds {
		var wg sync.WaitGroup
		var mu sync.Mutex
		for range 1 + round%2 {
			pause := time.Duration(20+rand.IntN(200)) * time.Millisecond
			wg.Go(func() {
				keys := killed(t, dir, pause)
				mu.Lock()
				defer mu.Unlock()
				acknowledged = append(acknowledged, keys...)
			})
		}
		wg.Wait()
	}
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() { stopped <- writeAndConsume(context.Background(), dir, stop) }()
	d := outbox.New(outbox.Options{Tenant: s.Tenant, Now: time.Now})
	caughtUp := false
	for range 2000 {
		all, err := d.Status(t.Context(), acme)
		if err != nil {
			t.Fatal(err)
		}
		if caughtUp = len(all) == 2 && all[0].Behind == 0 && all[1].Behind == 0; caughtUp {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	close(stop)
	if err := <-stopped; err != nil || !caughtUp {
		t.Fatalf("the consumers have not caught up, %v", err)
	}

	var events, exact, least []int64 // positions
	written := map[int64]bool{}
	for r, err := range acme.ReadLog(t.Context(), store.LogRead{Table: "_outbox", Columns: []query.Column{query.ID}, Limit: 1 << 30}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, r[0].(int64))
	}
	for r, err := range acme.Select(t.Context(), query.Select{Table: "_outbox", Columns: []query.Ref{query.Field(query.Column{Name: "record", Storage: effects.Columns[0].Storage})}}) {
		if err != nil {
			t.Fatal(err)
		}
		written[r[0].(int64)] = true
	}
	for r, err := range acme.ReadLog(t.Context(), store.LogRead{Table: "effect", Columns: effects.Columns, Limit: 1 << 30}) {
		if err != nil {
			t.Fatal(err)
		}
		if r[2] == int64(1) {
			exact = append(exact, r[1].(int64))
		} else {
			least = append(least, r[1].(int64))
		}
	}
	for _, key := range acknowledged {
		if !written[key] {
			t.Errorf("event %d was acknowledged to its writer and is gone", key)
		}
	}
	if !slices.Equal(exact, events) {
		t.Errorf("%d events, %d effects of the exact consumer, not the same", len(events), len(exact))
	}
	next, repeated := 0, 0
	for _, position := range least {
		if next < len(events) && position == events[next] {
			next++
		} else if slices.Contains(events[:next], position) {
			repeated++
		} else {
			t.Fatalf("event %d came before its time", position)
		}
	}
	if next != len(events) || len(acknowledged) < 10*rounds {
		t.Errorf("%d of %d events came at least once, %d were acknowledged to their writers", next, len(events), len(acknowledged))
	}
	t.Logf("%d rounds, %d events, %d repeated", rounds, len(events), repeated)
}

// killed starts a process that writes and consumes, kills it some time after its first
// event, and returns what it printed.
func killed(t *testing.T, dir string, after time.Duration) (keys []int64) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	var once sync.Once
	for lines := bufio.NewScanner(out); lines.Scan(); {
		once.Do(func() { time.AfterFunc(after, func() { _ = child.Process.Kill() }) })
		key, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Errorf("a process said %s", lines.Text())
			break
		}
		keys = append(keys, key)
	}
	_ = child.Wait() // it was killed
	return keys
}
