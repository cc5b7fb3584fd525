package mongo_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/outbox"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
)

// marked are the commands of a write that leaves a mark, without what is read.
func marked(t *testing.T, s *server, tenant store.Tenant, at time.Time) string {
	t.Helper()
	before := len(s.names())
	if err := tenant.Write(t.Context(), func(tx store.Tx) error {
		if err := tx.Mark(t.Context(), "work", at); err != nil {
			return err
		}
		return tx.Insert(t.Context(), "lead", 1, nil, nil)
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(s.names()[before:], " ")
}

// A write marks its tenant before it commits, and only where no mark will come due that
// nobody takes away meanwhile.
func TestMarks(t *testing.T) {
	s := newServer(t)
	var at atomic.Int64
	at.Store(serverTime.UnixMilli())
	now := func() time.Time { return time.UnixMilli(at.Load()) }
	pass := func(d time.Duration) { at.Add(d.Milliseconds()) }
	opened, err := mongo.Open(t.Context(), "mongodb://"+s.address+"/?directConnection=true&retryReads=false", mongo.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	acme, err := opened.Create(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	take := func(want int) store.Mark {
		t.Helper()
		taken, err := opened.Marks().Take(t.Context(), "work", 10, 5*time.Second)
		if err != nil || len(taken) != want {
			t.Fatalf("took %v, %v, want %d", taken, err, want)
		}
		if want == 0 {
			return store.Mark{}
		}
		return taken[0]
	}
	settle := func(m store.Mark, next time.Time) {
		t.Helper()
		if err := opened.Marks().Settle(t.Context(), m, next); err != nil {
			t.Fatal(err)
		}
	}
	const relies, marks = "insert commitTransaction", "insert update commitTransaction"
	writes := func(want string, at time.Time) {
		t.Helper()
		if got := marked(t, s, acme, at); got != want {
			t.Fatalf("a write sent %q, want %q", got, want)
		}
	}

	writes(relies, now()) // on not having been looked at yet
	first := take(1)
	take(0) // somebody has it
	writes(relies, now())
	settle(first, time.Time{})
	pass(10 * time.Second)
	take(0)
	writes(marks, now()) // since the mark was settled
	pass(10 * time.Second)
	second := take(1)
	if second.Last {
		t.Error("a mark that was set anew counts as settled")
	}
	settle(first, time.Time{}) // by one who comes late
	pass(10 * time.Second)
	second = take(1)
	settle(second, time.Time{})
	pass(time.Minute)
	take(0) // writes may be under way that relied on it
	pass(time.Hour)
	last := take(1)
	if !last.Last {
		t.Error("a mark that was settled does not say so")
	}
	settle(last, time.Time{})
	pass(1000 * time.Hour)
	take(0)
	writes(marks, now().Add(time.Hour)) // later work
	writes(relies, now().Add(2*time.Hour))
	writes(marks, now()) // and sooner
	pass(10 * time.Second)
	settle(take(1), now().Add(time.Hour)) // there is later work
	pass(10 * time.Minute)
	settle(take(1), now().Add(time.Hour))
	pass(59 * time.Minute)
	take(0)
	writes(marks, now()) // what is due in a minute comes too late
	pass(10 * time.Second)
	take(1)
	s.mu.Lock() // the tenant goes, and another one comes
	s.listed["acme"] = updated(s.listed["acme"], must(bson.Marshal(bson.D{{Key: "$set", Value: bson.D{{Key: "made", Value: primitive.NewObjectID()}}}})))
	s.mu.Unlock()
	err = acme.Write(t.Context(), func(tx store.Tx) error {
		if err := tx.Mark(t.Context(), "work", now().Add(-time.Hour)); err != nil {
			return err
		}
		return tx.Insert(t.Context(), "lead", 1, nil, nil)
	})
	if err == nil {
		t.Error("a write of a tenant that is gone was acknowledged")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// idle is a server that has tenants which nobody uses, and a store over it.
func idle(t testing.TB, tenants int) (*server, *mongo.Store) {
	t.Helper()
	s := newServer(t)
	settled := bson.D{{Key: "due", Value: int64(1) << 62}, {Key: "last", Value: true}}
	for i := range tenants {
		name := fmt.Sprint("tenant-", i)
		s.listed[name] = must(bson.Marshal(bson.D{{Key: "_id", Value: name}, {Key: "database", Value: "formwork_" + name}, {Key: "made", Value: primitive.NewObjectID()},
			{Key: "marks", Value: bson.D{{Key: job.Topic, Value: settled}, {Key: outbox.Topic, Value: settled}, {Key: "consumer_one", Value: settled}}}}))
	}
	opened, err := mongo.Open(t.Context(), "mongodb://"+s.address+"/?directConnection=true&retryReads=false", mongo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = nil
	return s, opened
}

// work has a process do its background work on a store until stop is called.
func work(opened *mongo.Store, poll time.Duration) (stop func()) {
	jobs := job.NewRunner(job.Options{Tenant: opened.Tenant, Tenants: opened.Tenants, Marks: opened.Marks(), Poll: poll, Now: time.Now, Holder: "a"})
	events := outbox.New(outbox.Options{Tenant: opened.Tenant, Tenants: opened.Tenants, Marks: opened.Marks(), Poll: poll, Now: time.Now, Holder: "a",
		IDs: id.NewSource(time.Now, func() uint32 { return 0 })})
	events.Register(outbox.Consumer{Name: "one", Handle: func(context.Context, store.Tenant, *outbox.Batch) error { return nil }})
	ctx, cancel := context.WithCancel(context.Background())
	var both sync.WaitGroup
	both.Go(func() { jobs.Run(ctx) })
	both.Go(func() { events.Run(ctx) })
	return func() { cancel(); both.Wait() }
}

// rounds is how often marks of events were looked for.
func rounds(commands []bson.Raw) (n int) {
	for _, c := range commands {
		if strings.Contains(c.Lookup("filter").String(), "marks.events.due") {
			n++
		}
	}
	return n
}

// However many tenants there are, background work asks nothing of those that nobody uses:
// each time one question for each topic, of all of them.
func TestIdleTenantsAreAskedNothing(t *testing.T) {
	for _, tenants := range []int{3, 300} {
		s, opened := idle(t, tenants)
		stop := work(opened, 10*time.Millisecond)
		for rounds(s.commands()) < 5 {
			time.Sleep(time.Millisecond)
		}
		stop()
		all, asked := s.commands(), 0
		for _, c := range all {
			name := must(c.Elements())[0].Key()
			if collection := text(c, name); collection != "tenants" {
				t.Fatalf("with %d tenants the server was asked %s", tenants, c)
			}
			if name == "find" {
				asked++
			}
		}
		if most := 4 * rounds(all); asked > most {
			t.Errorf("with %d tenants %d questions, more than %d", tenants, asked, most)
		}
	}
}

// BenchmarkIdleTenants is a process that has opened 1,000 tenants, which nobody uses then:
// how long that takes, what a tenant takes of memory, and the commands that the server is
// sent a second, whichever tenants they are about.
func BenchmarkIdleTenants(b *testing.B) {
	const tenants = 1000
	s, opened := idle(b, tenants)
	for b.Loop() {
		memory := func() int64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		before, began := memory(), time.Now()
		held := make([]store.Tenant, tenants)
		for i := range held {
			held[i] = must(opened.Tenant(b.Context(), fmt.Sprint("tenant-", i)))
		}
		b.ReportMetric(float64(time.Since(began).Microseconds())/tenants, "µs/open")
		b.ReportMetric(float64(memory()-before)/tenants, "B/tenant")
		first := s.all()
		began = time.Now()
		stop := work(opened, 0)
		time.Sleep(12 * time.Second)
		stop()
		b.ReportMetric(float64(s.all()-first)/time.Since(began).Seconds(), "commands/s")
		runtime.KeepAlive(held)
	}
}
