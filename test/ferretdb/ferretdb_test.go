// Package ferretdb runs the conformance suite of stores with the mongo adapter
// against FerretDB 1 on SQLite, embedded in the test. It is a module of its own so
// that FerretDB's dependencies are none of the product's.
package ferretdb

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"

	"formwork/engine/backup"
	"formwork/engine/backup/backuptest"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/engine/store/sqlite"
	"formwork/engine/store/storetest"
	"formwork/metadata/fieldtype"
)

// skipped are the tests that FerretDB 1 can't pass, each with what it lacks.
var skipped = map[string]string{
	"names are taken literally":                  "a quotation mark in a field's name breaks the JSON it keeps",
	"explain":                                    "explain shows no stages",
	"filters that compare two columns":           "no $expr that compares two fields",
	"sort by a hop":                              "no $lookup",
	"rows are left out that are sorted by a hop": "no $lookup",
	"reads its own writes":                       "no transactions: others see a write that is under way",
	"sums of what has words":                     "no $toDecimal",
	"aggregates":                                 "no $min, $max, $cond and $ifNull",
	"measures of some rows":                      "no $min, $max, $cond and $ifNull",
	"percentiles":                                "no $cond and $sortArray",
	"groups that a condition chooses":            "no $toDecimal",
	"buckets of time":                            "no operators on dates",
	"exact sums":                                 "no $toDecimal",
	"sums of truth values":                       "no $toDecimal",
	"property: rows selected are rows matched":   "no $lookup and no $expr",
	"property: counts":                           "no $lookup and no $expr",
	"property: aggregates":                       "no $lookup and few accumulators",
	"property: pages make the whole":             "no $lookup, for sorting by fields of other records",
}

// TestConformance runs the suite with unique keys in a table of keys, for FerretDB 1 has no
// partial indexes.
func TestConformance(t *testing.T) {
	storetest.Run(t, opener(t), skipped)
}

// TestBlobs needs nothing that FerretDB 1 lacks.
func TestBlobs(t *testing.T) { storetest.Blobs(t, opener(t), nil) }

// TestShared is the part of the suite that two processes take part in.
func TestShared(t *testing.T) {
	uri := serve(t)
	var opened atomic.Int64
	storetest.RunShared(t, func(t *testing.T) (one, other store.Store) {
		name := "shared" + strconv.FormatInt(opened.Add(1), 10)
		var both [2]store.Store
		for i := range both {
			s, err := mongo.Open(t.Context(), uri, mongo.Options{Database: name, AllowStandalone: true, TableOfKeys: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			both[i] = again{s}
		}
		return both[0], both[1]
	})
}

// again is a store of which a tenant's writes are tried anew when the connection was lost.
// FerretDB 1 closes the connection of an insert whose database another drops: between two
// steps of it there is no database, which it takes for granted.
type again struct{ store.Store }

func (s again) Tenant(ctx context.Context, name string) (store.Tenant, error) {
	t, err := s.Store.Tenant(ctx, name)
	return retrying{t}, err
}

type retrying struct{ store.Tenant }

func (t retrying) Write(ctx context.Context, fn func(store.Tx) error) error {
	err := t.Tenant.Write(ctx, fn)
	if fault.Is(err, "mongo.unavailable") {
		return t.Tenant.Write(ctx, fn)
	}
	return err
}

// opener opens empty stores on a server that runs until the test ends.
func opener(t *testing.T) func(t *testing.T) store.Store {
	uri := serve(t)
	var opened atomic.Int64
	return func(t *testing.T) store.Store {
		s, err := mongo.Open(t.Context(), uri, mongo.Options{
			Database:        "fw" + strconv.FormatInt(opened.Add(1), 10),
			AllowStandalone: true,
			TableOfKeys:     true,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
}

// TestRandomReads stands in for the properties that are skipped: reads that compare
// no two fields and sort by none of another record need nothing that FerretDB 1
// lacks, however they filter and whatever they show.
func TestRandomReads(t *testing.T) {
	s, err := mongo.Open(t.Context(), serve(t), mongo.Options{AllowStandalone: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	created, err := s.Create(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(11, 7))
	data := storetest.Random(r, 60)
	if err := load(t.Context(), created, data); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 300; {
		q := query.Select{Table: "item", Filter: storetest.RandomFilter(r, "item", 3), Limit: r.IntN(30)}
		if comparesFields(q.Filter) {
			continue
		}
		i++
		for _, o := range storetest.RandomSort(r, "item") {
			if len(o.Ref.Hops) == 0 {
				q.Sort = append(q.Sort, o)
			}
		}
		for range 3 {
			q.Columns = append(q.Columns, storetest.RandomRef(r, "item"))
		}
		var rows []store.Row
		for row, err := range created.Select(t.Context(), q) {
			if err != nil {
				t.Fatalf("%v\n%+v", err, q)
			}
			rows = append(rows, slices.Clone(row))
		}
		if got, want := storetest.ShowAll(rows, false), storetest.ShowAll(data.Select(q), false); !slices.Equal(got, want) {
			t.Fatalf("query %d: %+v\n got %q\nwant %q", i, q, got, want)
		}
		q.Limit = 0
		count, err := created.Count(t.Context(), "item", q.Filter, nil, 0)
		if want := len(data.Select(q)); err != nil || int(count) != want {
			t.Fatalf("counted %d, %v, want %d: %+v", count, err, want, q.Filter)
		}
	}
}

func load(ctx context.Context, t store.Tenant, data storetest.Data) error {
	if err := t.Define(ctx, storetest.Tables()...); err != nil {
		return err
	}
	return t.Write(ctx, func(tx store.Tx) error {
		for table, rows := range data {
			for key, values := range rows {
				if err := tx.Insert(ctx, table, key, values, nil); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func comparesFields(f query.Filter) bool {
	switch f := f.(type) {
	case query.CompareRefs:
		return true
	case query.All:
		return slices.ContainsFunc(f, comparesFields)
	case query.Any:
		return slices.ContainsFunc(f, comparesFields)
	case query.Not:
		return comparesFields(f.Filter)
	}
	return false
}

// TestGivenUpWrites needs a server without transactions, too: a Write that is given up
// at any moment, also while the server works on a part of it, leaves nothing.
func TestGivenUpWrites(t *testing.T) {
	s, err := mongo.Open(t.Context(), serve(t), mongo.Options{AllowStandalone: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	acme, err := s.Create(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	n := query.Column{Name: "n:i", Storage: fieldtype.Int}
	table := store.Table{Name: "lead", Columns: []query.Column{query.Version, n}}
	if err := acme.Define(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	write := func(ctx context.Context, i int64) error {
		return acme.Write(ctx, func(tx store.Tx) error {
			if err := tx.Update(ctx, "lead", 1, 0, map[string]any{n.Name: i}, nil); err != nil {
				return err
			}
			if err := tx.Insert(ctx, "lead", id.ID(i+1), nil, nil); err != nil {
				return err
			}
			return tx.Delete(ctx, "lead", id.ID(i))
		})
	}
	err = acme.Write(t.Context(), func(tx store.Tx) error {
		if err := tx.Insert(t.Context(), "lead", 1, nil, nil); err != nil {
			return err
		}
		return tx.Insert(t.Context(), "lead", 2, nil, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 3))
	done, given := int64(1), 0
	for range 200 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(6000))*time.Microsecond)
		if err := write(ctx, done+1); err == nil {
			done++
		} else {
			given++
		}
		cancel()
		var rows []store.Row
		for row, err := range acme.Select(t.Context(), query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID), query.Field(n)}, Sort: []query.Order{{Ref: query.Field(query.ID)}}}) {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, slices.Clone(row))
		}
		want := []store.Row{{int64(1), done}, {done + 1, nil}}
		if done == 1 {
			want[0][1] = nil
		}
		if got, want := storetest.ShowAll(rows, false), storetest.ShowAll(want, false); !slices.Equal(got, want) {
			t.Fatalf("after %d writes and %d given up: %q, want %q", done-1, given, got, want)
		}
	}
	t.Logf("%d writes were given up, %d done", given, done-1)
}

// A tenant is moved from files to the server and back while it is written to. What is moved the
// other way has unique indexes.
func TestMove(t *testing.T) {
	tests := exec.Command("go", "test", "-count=1", "-v", "-timeout=2m", "-run", "^TestMove$/^files_and_database$", "./engine/cell")
	tests.Dir = filepath.Join("..", "..")
	tests.Env = append(os.Environ(), "FORMWORK_TEST_MONGODB_URI="+serve(t))
	out, err := tests.CombinedOutput()
	if t.Logf("%s", out); err != nil {
		t.Error(err)
	}
}

// Hourly copies of a tenant in files are restored into the server.
func TestHours(t *testing.T) {
	from, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	place, err := backup.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	backuptest.Hours(t, place, from, map[string]store.Store{"FerretDB": opener(t)(t)})
}

// TestStandaloneIsRefused needs a server without transactions, which this is.
func TestStandaloneIsRefused(t *testing.T) {
	_, err := mongo.Open(t.Context(), serve(t), mongo.Options{})
	if !fault.Is(err, "mongo.standalone") {
		t.Fatalf("got %v", err)
	}
}

// serve runs a server until the test ends, its data in a folder of the test's.
func serve(t *testing.T) (uri string) {
	t.Helper()
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Handler:   "sqlite",
		SQLiteURL: "file:" + t.TempDir() + "/",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return server.MongoDBURI()
}
