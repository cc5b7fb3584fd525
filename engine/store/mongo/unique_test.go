package mongo_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/engine/store/storetest"
	"formwork/metadata/fieldtype"
)

var (
	ofKey = query.Column{Name: "email:t.key", Storage: fieldtype.Text}
	keyed = store.Table{Name: "lead", Columns: []query.Column{amount, ofKey}, Indexes: []store.Index{
		{Name: "lead_email", Unique: true, Columns: []store.IndexColumn{{Column: ofKey}}},
		{Name: "lead_pair", Unique: true, Columns: []store.IndexColumn{{Column: ofKey}, {Column: amount}}}}}
	bySomething = map[string]query.Column{"lead": query.ID}
)

// process is a store on a server in memory, and its tenant, which is made if it is not there.
func process(t *testing.T, s *server) (*mongo.Store, store.Tenant) {
	t.Helper()
	opened, err := mongo.Open(t.Context(), "mongodb://"+s.address+"/?directConnection=true&retryReads=false", mongo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	mongo.WritesEnd(opened, 0)
	tenant, err := opened.Tenant(t.Context(), "acme")
	if fault.Is(err, "tenant.not_found") {
		tenant, err = opened.Create(t.Context(), "acme")
	}
	if err != nil {
		t.Fatal(err)
	}
	return opened, tenant
}

func email(n int) map[string]any {
	return map[string]any{ofKey.Name: fmt.Sprint("p", n, "@example.com")}
}

func inserts(t testing.TB, tenant store.Tenant, from, to int) error {
	return tenant.Write(t.Context(), func(tx store.Tx) error {
		for n := from; n < to; n++ {
			if err := tx.Insert(t.Context(), "lead", id.ID(1+n), email(n), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// sameClaims fails unless each row, and nobody else, claims what it has, and no two rows have
// the same.
func sameClaims(t *testing.T, s *server) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.memory
	want := map[string]int64{}
	for _, row := range m.all(nil, "lead", nil) {
		address, ok := row.Lookup("email:t/key").StringValueOK()
		if !ok {
			continue
		}
		key := fmt.Sprintf("lead_email %q", address)
		if other, twice := want[key]; twice {
			t.Errorf("rows %d and %d have the address %s", other, row.Lookup("_id").AsInt64(), address)
		}
		want[key] = row.Lookup("_id").AsInt64()
		if n, ok := row.Lookup("amount:i2").AsInt64OK(); ok {
			want[fmt.Sprintf("lead_pair %q %d", address, n)] = row.Lookup("_id").AsInt64()
		}
	}
	got := map[string]int64{}
	for _, claim := range m.all(nil, "formwork.keys", nil) {
		parts := strings.SplitN(strings.TrimSpace(claim.Lookup("_id").StringValue()), " ", 4)
		got[strings.Trim(parts[1], `"`)+" "+parts[3]] = claim.Lookup("row").AsInt64()
	}
	if !maps.Equal(got, want) {
		for key, row := range want {
			if got[key] != row {
				t.Errorf("%s of row %d is claimed for %d", key, row, got[key])
			}
		}
		for key, row := range got {
			if _, has := want[key]; !has {
				t.Errorf("%s is claimed for row %d, which does not have it", key, row)
			}
		}
	}
}

// spreads asserts that the tables are spread, and that nothing is left that the server would
// have to hold on one shard.
func spreads(t *testing.T, s *server, tenant store.Tenant) {
	t.Helper()
	if want := map[string]string{"lead": `{"_id": "hashed"}`, "formwork.keys": `{"_id": "hashed"}`}; !maps.Equal(s.memory.sharded, want) {
		t.Errorf("spread are %v, want %v", s.memory.sharded, want)
	}
	var built []string
	for _, index := range s.memory.indexes["lead"] {
		raw := bson.Raw(must(bson.Marshal(index)))
		built = append(built, text(raw, "name"))
		if raw.Lookup("unique").Type != 0 {
			t.Errorf("the server holds the unique index %s", raw)
		}
	}
	slices.Sort(built)
	if want := []string{"_shard", "_unique_lead_email", "_unique_lead_pair"}; !slices.Equal(built, want) {
		t.Errorf("built are %v, want %v", built, want)
	}
	var told []string
	for _, index := range must(tenant.Indexes(t.Context(), "lead")) {
		told = append(told, fmt.Sprint(index.Name, " ", index.Unique))
	}
	if want := []string{"lead_email true", "lead_pair true"}; !slices.Equal(told, want) {
		t.Errorf("the indexes are %v, want %v", told, want)
	}
}

// A table is spread while two processes write to it: no two rows ever have the same values,
// and when it is spread each row has claimed its own. A write of a process that knows nothing
// of it is not acknowledged before it has claimed, too.
func TestSpreadWhileOthersWrite(t *testing.T) {
	s := newServer(t)
	m := withMemory(s)
	spreader, tenant := process(t, s)
	if err := tenant.Define(t.Context(), keyed); err != nil {
		t.Fatal(err)
	}
	if err := inserts(t, tenant, 0, 700); err != nil {
		t.Fatal(err)
	}
	_, other := process(t, s)
	_, idle := process(t, s)
	if err := inserts(t, idle, 700, 701); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	m.lifetime, m.slowly = 150*time.Millisecond, 80*time.Millisecond
	s.mu.Unlock()
	mongo.WritesEnd(spreader, m.lifetime+time.Second) // a busy machine may rest between asking the registry and beginning
	over := make(chan struct{})
	var writing sync.WaitGroup
	for w, to := range []store.Tenant{tenant, tenant, other, other} {
		writing.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 3))
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				err := to.Write(t.Context(), func(tx store.Tx) error {
					for range 1 + r.IntN(3) {
						var err error
						row := id.ID(1 + r.IntN(1000))
						values := email(r.IntN(1200))
						if r.IntN(2) == 0 {
							values[amount.Name] = int64(r.IntN(3))
						}
						switch r.IntN(4) {
						case 0:
							err = tx.Insert(t.Context(), "lead", row, values, nil)
						case 1:
							err = tx.Delete(t.Context(), "lead", row)
						default:
							err = tx.Update(t.Context(), "lead", row, 0, values, nil)
						}
						if err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil && !fault.Is(err, "store.not_unique") && !fault.Is(err, "store.duplicate_id") && !fault.Is(err, "store.stale") {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				time.Sleep(time.Duration(r.IntN(4)) * time.Millisecond)
			}
		})
	}
	time.Sleep(100 * time.Millisecond) // commits are under way
	kept, err := spreader.Spread(t.Context(), "acme", bySomething)
	close(over)
	writing.Wait()
	if err != nil || len(kept) > 0 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	sameClaims(t, s)
	spreads(t, s, other)
	if err := inserts(t, idle, 5000, 5001); err != nil {
		t.Fatal(err)
	}
	sameClaims(t, s)
	for _, one := range []store.Tenant{tenant, other, idle} {
		err := one.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "lead", 9000, email(5000), nil) })
		if !fault.Is(err, "store.not_unique") || fault.From(err).Params["index"] != "lead_email" {
			t.Errorf("an address that a row has: %v", err)
		}
	}
}

// Claims are filled in ever smaller steps where others keep the larger from ending, and none is left out.
func TestSpreadInSmallerSteps(t *testing.T) {
	s := newServer(t)
	m := withMemory(s)
	_, tenant := process(t, s)
	if err := tenant.Define(t.Context(), keyed); err != nil {
		t.Fatal(err)
	}
	if err := inserts(t, tenant, 0, 1200); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64 // the clock goes on by half a minute whenever it is looked at
	now := func() time.Time { return time.Unix(1e9+30*asked.Add(1), 0) }
	spreader, err := mongo.Open(t.Context(), "mongodb://"+s.address+"/?directConnection=true&retryReads=false", mongo.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { spreader.Close() })
	mongo.WritesEnd(spreader, 0)
	s.mu.Lock()
	m.most = 30
	s.mu.Unlock()
	if kept, err := spreader.Spread(t.Context(), "acme", bySomething); err != nil || len(kept) > 0 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	sameClaims(t, s)
	spreads(t, s, tenant)
}

// A spread that ends at any point lets no duplicate by, and the next one goes on.
func TestSpreadIsResumed(t *testing.T) {
	s := newServer(t)
	m := withMemory(s)
	_, tenant := process(t, s)
	if err := tenant.Define(t.Context(), keyed); err != nil {
		t.Fatal(err)
	}
	if err := inserts(t, tenant, 0, 600); err != nil {
		t.Fatal(err)
	}
	twice := func() {
		t.Helper()
		err := tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "lead", 9000, email(300), nil) })
		if !fault.Is(err, "store.not_unique") || fault.From(err).Params["index"] != "lead_email" {
			t.Fatalf("an address that a row has: %v", err)
		}
	}
	ended := false
	for last := 1; !ended; last++ {
		spreader, _ := process(t, s)
		ctx, kill := context.WithCancel(t.Context())
		commands := 0
		s.mu.Lock()
		m.each = func() {
			if commands++; commands == last {
				kill()
			}
		}
		s.mu.Unlock()
		_, err := spreader.Spread(ctx, "acme", bySomething)
		s.mu.Lock()
		m.each = nil
		s.mu.Unlock()
		ended = err == nil && commands < last
		kill()
		twice()
		if last > 300 {
			t.Fatal("it has no end")
		}
	}
	sameClaims(t, s)
	spreads(t, s, tenant)
}

// Rows that are written together are claimed together, by a command of each kind.
func TestManyClaimsTakeFewCommands(t *testing.T) {
	s := newServer(t)
	withMemory(s)
	spreader, tenant := process(t, s)
	if err := tenant.Define(t.Context(), keyed); err != nil {
		t.Fatal(err)
	}
	if _, err := spreader.Spread(t.Context(), "acme", bySomething); err != nil {
		t.Fatal(err)
	}
	if err := inserts(t, tenant, 900, 901); err != nil { // it knows now
		t.Fatal(err)
	}
	each := func(do func(tx store.Tx, n int) error) func(tx store.Tx) error {
		return func(tx store.Tx) error {
			for n := range 500 {
				if err := do(tx, n); err != nil {
					return err
				}
			}
			return nil
		}
	}
	const registry = "find " // which every write asks
	for _, c := range []struct {
		what, want string
		do         func(tx store.Tx) error
	}{
		{"are made", "insert insert " + registry + "commitTransaction", each(func(tx store.Tx, n int) error {
			return tx.Insert(t.Context(), "lead", id.ID(1+n), email(n), nil)
		})},
		{"change what is no key", "update " + registry + "commitTransaction", each(func(tx store.Tx, n int) error {
			return tx.Lock(t.Context(), "lead", id.ID(1+n))
		})},
		{"change their keys, each to the next one's", "find update delete insert " + registry + "commitTransaction", each(func(tx store.Tx, n int) error {
			return tx.Update(t.Context(), "lead", id.ID(500-n), 0, email(500-n), nil)
		})},
		{"are deleted", "find delete delete " + registry + "commitTransaction", each(func(tx store.Tx, n int) error {
			return tx.Delete(t.Context(), "lead", id.ID(1+n))
		})},
	} {
		before := len(s.names())
		if err := tenant.Write(t.Context(), c.do); err != nil {
			t.Fatalf("rows %s: %v", c.what, err)
		}
		if got := strings.Join(s.names()[before:], " "); got != c.want {
			t.Errorf("rows %s by %q, want %q", c.what, got, c.want)
		}
		sameClaims(t, s)
	}
}

// Nothing is asked more for a tenant that is not spread.
func TestUnspreadTenantAsksNothingMore(t *testing.T) {
	s := newServer(t)
	withMemory(s)
	_, tenant := process(t, s)
	if err := tenant.Define(t.Context(), keyed); err != nil {
		t.Fatal(err)
	}
	if err := inserts(t, tenant, 0, 1); err != nil {
		t.Fatal(err)
	}
	_, fresh := process(t, s)
	before := len(s.names())
	if err := inserts(t, fresh, 1, 3); err != nil {
		t.Fatal(err)
	}
	// Which tables have collections, the rows, the registry.
	if got := strings.Join(s.names()[before:], " "); got != "find insert find commitTransaction" {
		t.Errorf("two rows were inserted by %q", got)
	}
}

// A unique key of a table that is spread is made of the rows that are there, and says what a
// unique index says of duplicates, which leaves no key.
func TestNewKeyOfASpreadTable(t *testing.T) {
	s := newServer(t)
	withMemory(s)
	spreader, tenant := process(t, s)
	plain := keyed
	plain.Indexes = nil
	if err := tenant.Define(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	if err := inserts(t, tenant, 0, 600); err != nil {
		t.Fatal(err)
	}
	if _, err := spreader.Spread(t.Context(), "acme", bySomething); err != nil {
		t.Fatal(err)
	}
	insert := func(row id.ID, n int) error {
		return tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "lead", row, email(n), nil) })
	}
	if err := insert(9000, 599); err != nil {
		t.Fatal(err)
	}
	err := tenant.Index(t.Context(), "lead", keyed.Indexes)
	if !fault.Is(err, "store.not_unique") || fault.From(err).Params["index"] != "lead_email" {
		t.Fatalf("with duplicates: %v", err)
	}
	if err := insert(9001, 599); err != nil {
		t.Fatalf("a key that could not be made holds: %v", err)
	}
	if err := tenant.Write(t.Context(), func(tx store.Tx) error {
		_, err := tx.DeleteWhere(t.Context(), "lead", query.Compare{Ref: query.Field(query.ID), Op: query.Ge, Value: int64(9000)})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := tenant.Index(t.Context(), "lead", keyed.Indexes); err != nil {
		t.Fatal(err)
	}
	sameClaims(t, s)
	spreads(t, s, tenant)
	// An index on the same columns finds rows by the key, too.
	also := append([]store.Index{{Name: "by_email", Columns: keyed.Indexes[0].Columns}}, keyed.Indexes...)
	for _, indexes := range [][]store.Index{also, keyed.Indexes} {
		if err := tenant.Index(t.Context(), "lead", indexes); err != nil {
			t.Fatal(err)
		}
		if got := must(tenant.Indexes(t.Context(), "lead")); len(got) != len(indexes) {
			t.Errorf("the indexes are %v", got)
		}
		if err := insert(9000, 599); !fault.Is(err, "store.not_unique") {
			t.Errorf("a key that was made: %v", err)
		}
	}
	spreads(t, s, tenant)
}

// The suite's part about unique indexes, with transactions: once with them, once with a table
// of keys instead.
func TestUniqueInTransactions(t *testing.T) {
	for _, keys := range []bool{false, true} {
		t.Run(fmt.Sprint("table of keys ", keys), func(t *testing.T) {
			storetest.RunUnique(t, func(t *testing.T) store.Store {
				s := newServer(t)
				withMemory(s)
				opened, err := mongo.Open(t.Context(), "mongodb://"+s.address+"/?directConnection=true&retryReads=false", mongo.Options{TableOfKeys: keys})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { opened.Close() })
				mongo.WritesEnd(opened, 0)
				return opened
			})
		})
	}
}
