package sqlite

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/storetest"
	"formwork/metadata/fieldtype"
)

// both opens a folder twice, as two processes do.
func both(t *testing.T, o Options) (one, other *Store) {
	one = openWith(t, o)
	other, err := Open(one.dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
	return one, other
}

func TestShared(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) (one, other store.Store) { return both(t, Options{Relaxed: true}) })
}

// A process whose tenant another one deletes while it writes is told so at its next
// write, and has nothing in the tenant that comes after.
func TestDeletedByAnotherProcess(t *testing.T) {
	s := openWith(t, Options{})
	create(t, s, "acme")
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), crashDir+"="+s.dir, crashWork+"=rows-alone")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range 50 {
		if !lines.Scan() {
			t.Fatal("it stopped writing before the tenant was deleted")
		}
	}
	if err := s.Delete(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	anew := create(t, s, "acme")
	insert(t, anew, 1)
	said := ""
	for lines.Scan() {
		said = lines.Text()
	}
	if err := c.Wait(); err == nil || !strings.Contains(said, "tenant.not_found") {
		t.Errorf("it ended with %q, %v", said, err)
	}
	if n, err := anew.Count(t.Context(), "deal", nil, nil, 0); err != nil || n != 1 {
		t.Errorf("the new tenant has %d rows, %v", n, err)
	}
}

// The system may give the file of a new tenant the number of the deleted one's. A process
// in which nothing of the old one was open finds the new one, under a new identity.
func TestIdleTenantMadeAnew(t *testing.T) {
	one, other := both(t, Options{Relaxed: true, Idle: time.Millisecond})
	seen := map[string]bool{}
	for round := range 5 {
		insert(t, create(t, one, "acme"), 1)
		handle, err := other.Tenant(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := handle.Count(t.Context(), "deal", nil, nil, 0); err != nil || n != 1 {
			t.Fatalf("round %d: %d rows, %v", round, n, err)
		}
		if seen[handle.Identity()] {
			t.Errorf("two tenants are %s", handle.Identity())
		}
		seen[handle.Identity()] = true
		for !handle.(*tenant).idle() {
			time.Sleep(time.Millisecond)
		}
		if err := one.Delete(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := other.Tenant(t.Context(), "acme"); !fault.Is(err, "tenant.not_found") {
		t.Errorf("after all: %v", err)
	}
}

// A damaged file can be deleted.
func TestDeleteDamaged(t *testing.T) {
	s := openWith(t, Options{})
	if err := os.WriteFile(s.file("acme"), []byte(strings.Repeat("no database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "acme"); err != nil {
		t.Error(err)
	}
	if _, err := s.Create(t.Context(), "acme"); err != nil {
		t.Error(err)
	}
}

// Whoever opens a tenant that they find in the list while it is being made opens the one
// that comes of it.
func TestFoundWhileItIsMade(t *testing.T) {
	s := openWith(t, Options{Relaxed: true})
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			names, err := s.Tenants(t.Context())
			for _, name := range names {
				if err != nil {
					break
				}
				var found store.Tenant
				if found, err = s.Tenant(t.Context(), name); err == nil {
					_, err = found.Format(t.Context())
				}
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	for i := range 200 {
		made, err := s.Create(t.Context(), fmt.Sprint("t", i))
		if err == nil {
			err = made.Define(t.Context(), store.Table{Name: "deal", Columns: []query.Column{{Name: "n", Storage: fieldtype.Int}}})
		}
		if err != nil {
			t.Fatalf("tenant %d: %v", i, err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Errorf("who looked: %v", err)
	}
}
