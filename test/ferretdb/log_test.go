package ferretdb

import (
	"context"
	"testing"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/metadata/fieldtype"
)

var (
	who     = query.Column{Name: "who:i", Storage: fieldtype.Int}
	nth     = query.Column{Name: "nth:i", Storage: fieldtype.Int}
	journal = store.Table{Name: "journal", Columns: []query.Column{who, nth}, Log: true}
)

// entry is a row of journal.
type entry struct{ position, who, nth int64 }

func readLog(ctx context.Context, t store.Tenant, after int64) (all []entry, err error) {
	for r, err := range t.ReadLog(ctx, store.LogRead{Table: "journal", Columns: journal.Columns, After: after, Limit: 10_000}) {
		if err != nil {
			return all, err
		}
		all = append(all, entry{r[0].(int64), r[1].(int64), r[2].(int64)})
	}
	return all, nil
}

// Rows of transactions that commit in the reverse order of their ids and stamps are
// read in the order in which they appear, whatever was read before. Two processes can't
// be tried here: FerretDB 1 does not keep changes of one document apart.
func TestLogOfLateCommits(t *testing.T) {
	uri := serve(t)
	s, err := mongo.Open(t.Context(), uri, mongo.Options{AllowStandalone: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	created, err := s.Create(t.Context(), "acme")
	if err == nil {
		err = created.Define(t.Context(), journal)
	}
	if err != nil {
		t.Fatal(err)
	}
	client, err := driver.Connect(t.Context(), options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(context.Background())
	rows := client.Database("formwork_acme_" + created.Identity()).Collection("journal")
	// The first row makes the collection.
	if err := created.Write(t.Context(), func(tx store.Tx) error { return tx.Append(t.Context(), "journal", 1, nil) }); err != nil {
		t.Fatal(err)
	}
	last, err := created.LogEnd(t.Context(), "journal")
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(20); n > 0; n-- {
		// Two rows become visible at once, with stamps below those of all before.
		both := []any{}
		for _, m := range []int64{1, 0} {
			both = append(both, bson.D{{Key: "_id", Value: 10*n + m}, {Key: "_stamp", Value: primitive.Timestamp{T: uint32(n), I: uint32(m) + 1}},
				{Key: "who:i", Value: n}, {Key: "nth:i", Value: m}})
		}
		if _, err := rows.InsertMany(t.Context(), both); err != nil {
			t.Fatal(err)
		}
		got, err := readLog(t.Context(), created, last)
		if err != nil || len(got) != 2 || got[0].who != n || got[0].nth != 0 || got[1].nth != 1 {
			t.Fatalf("round %d: read %v, %v", n, got, err)
		}
		last = got[1].position
	}
}
