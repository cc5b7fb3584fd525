// Package ferretdb runs the conformance suite of stores with the mongo adapter
// against FerretDB 1 on SQLite, embedded in the test. It is a module of its own so
// that FerretDB's dependencies are none of the product's.
package ferretdb

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/FerretDB/FerretDB/ferretdb"

	"formwork/engine/fault"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/engine/store/storetest"
)

// skipped are the tests that FerretDB 1 can't pass, each with what it lacks.
var skipped = map[string]string{
	"a new column's unique index":                     "no partial indexes, so no unique ones that leave empty values out",
	"unique indexes":                                  "no partial indexes, so no unique ones that leave empty values out",
	"a refused insert does not spoil the transaction": "no partial indexes, so no unique ones that leave empty values out",
	"indexes":                   "no partial indexes, so no unique ones that leave empty values out",
	"names are taken literally": "a quotation mark in a field's name breaks the JSON it keeps",
	"explain":                   "explain shows no stages",
	"filters":                   "no $expr that compares two fields",
	"hops":                      "no $lookup and no $expr, for comparing and sorting by fields of other records",
	"reads its own writes":      "no transactions: others see a write that is under way",
	"words":                     "no $toDecimal, for the sum at the end",
	"aggregates":                "no $min, $max, $cond and $ifNull",
	"buckets of time":           "no operators on dates",
	"exact sums":                "no $toDecimal",
	"property: rows selected are rows matched": "no $lookup and no $expr",
	"property: counts":                         "no $lookup and no $expr",
	"property: aggregates":                     "no $lookup and few accumulators",
	"property: pages make the whole":           "no $lookup, for sorting by fields of other records",
}

func TestConformance(t *testing.T) {
	uri := serve(t)
	var opened atomic.Int64
	storetest.Run(t, func(t *testing.T) store.Store {
		s, err := mongo.Open(t.Context(), uri, mongo.Options{
			Database:        "fw" + strconv.FormatInt(opened.Add(1), 10),
			AllowStandalone: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return notUnique{s}
	}, skipped)
}

// notUnique is a store whose tables have no unique indexes, which FerretDB 1 can't
// make, so that all tests of other things can run.
type notUnique struct{ store.Store }

func (s notUnique) Create(ctx context.Context, name string) (store.Tenant, error) {
	t, err := s.Store.Create(ctx, name)
	return tenant{t}, err
}

type tenant struct{ store.Tenant }

func (t tenant) Define(ctx context.Context, tables ...store.Table) error {
	plain := slices.Clone(tables)
	for i := range plain {
		plain[i].Indexes = slices.DeleteFunc(slices.Clone(plain[i].Indexes), func(index store.Index) bool { return index.Unique })
	}
	return t.Tenant.Define(ctx, plain...)
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
