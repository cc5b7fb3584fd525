package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

const (
	crashDir  = "FORMWORK_TEST_CRASH_DIR"
	crashWork = "FORMWORK_TEST_CRASH_WORK"
)

// crashing are the halves of tests that are killed, by what they do forever.
var crashing = map[string]func(dir string) error{"rows": writeForever, "rows-alone": writeAlone, "blobs": putForever}

// TestMain runs the half of a test that is killed in a process of its own.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := crashing[os.Getenv(crashWork)](dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// pair is a row and its log, written together.
func pair(tx store.Tx, key id.ID) error {
	ctx := context.Background()
	if err := tx.Insert(ctx, "deal", key, map[string]any{revenue.Name: int64(key)}, []string{fmt.Sprint("w", key)}); err != nil {
		return err
	}
	return tx.Insert(ctx, "log", key, map[string]any{account.Name: int64(key)}, nil)
}

// writeForever writes on several goroutines and prints each key once it is
// acknowledged.
func writeForever(dir string) error {
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	tenant, err := s.Tenant(context.Background(), "acme")
	if err != nil {
		return err
	}
	return untilKilled(1, func(key id.ID) error {
		return tenant.Write(context.Background(), func(tx store.Tx) error { return pair(tx, key) })
	})
}

// writeAlone is writeForever of rows without their log.
func writeAlone(dir string) error {
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	tenant, err := s.Tenant(context.Background(), "acme")
	if err != nil {
		return err
	}
	return untilKilled(1, func(key id.ID) error {
		return tenant.Write(context.Background(), func(tx store.Tx) error { return tx.Insert(context.Background(), "deal", key, nil, nil) })
	})
}

// untilKilled writes under new keys, four at a time, and prints those that were
// acknowledged. It returns when a write fails.
func untilKilled(apart int64, write func(key id.ID) error) error {
	const writers = 4
	var mu sync.Mutex
	failed := make(chan error)
	base := time.Now().UnixNano()
	for w := range int64(writers) {
		go func() {
			for i := int64(0); ; i++ {
				key := id.ID(base + i*apart*writers + w)
				if err := write(key); err != nil {
					failed <- err
					return
				}
				mu.Lock()
				fmt.Println(int64(key))
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

// What was acknowledged is there after kill -9, whole, with its words.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	ctx := t.Context()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := s.Create(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.Define(ctx, deal, store.Table{Name: "log", Columns: []query.Column{account}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[int64]bool{}
	for round := range 4 {
		for _, key := range killed(t, dir, "rows", 30+60*round) {
			acknowledged[key] = true
		}
		check(t, dir, acknowledged)
	}
}

// killed lets a process work until it has acknowledged some keys, kills it, and
// returns all it acknowledged.
func killed(t *testing.T, dir, work string, enough int) (keys []int64) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir, crashWork+"="+work)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		key, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil {
			t.Fatalf("the child says %q", line)
		}
		if keys = append(keys, key); len(keys) == enough {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(keys) < enough {
		t.Fatalf("the child ended by itself after %d keys", len(keys))
	}
	return keys
}

func check(t *testing.T, dir string, acknowledged map[int64]bool) {
	t.Helper()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tenant, err := s.Tenant(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	keys := func(q query.Select) map[int64]bool {
		found := map[int64]bool{}
		q.Columns = []query.Ref{query.Field(query.ID)}
		for row, err := range tenant.Select(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			found[row[0].(int64)] = true
		}
		return found
	}
	deals, logs, words := keys(query.Select{Table: "deal"}), keys(query.Select{Table: "log"}), keys(query.Select{Table: "deal", Words: []query.Word{{Text: "w", Prefix: true}}})
	if len(deals) != len(logs) || len(deals) != len(words) {
		t.Errorf("%d rows, %d logs, %d with words", len(deals), len(logs), len(words))
	}
	for key := range acknowledged {
		if !deals[key] || !logs[key] || !words[key] {
			t.Errorf("row %d was acknowledged and is lost", key)
		}
	}
}
