package mongo_test

import (
	"fmt"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/metadata/fieldtype"
)

func headOf(page, first int64, rows ...int64) bson.D {
	return found(bson.D{{Key: "_id", Value: "journal"}, {Key: "page", Value: page}, {Key: "first", Value: first}, {Key: "rows", Value: rows}})
}

func keys(rows ...int64) bson.D {
	var all []bson.D
	for _, key := range rows {
		all = append(all, bson.D{{Key: "_id", Value: key}})
	}
	return found(all...)
}

func changed(n int) bson.D {
	return bson.D{{Key: "ok", Value: 1.0}, {Key: "n", Value: n}, {Key: "nModified", Value: n}}
}

// placedBy are the positions that an update gives, by key.
func placedBy(t *testing.T, c bson.Raw) string {
	t.Helper()
	var u struct {
		Updates []struct {
			Q struct {
				ID       int64 `bson:"_id"`
				Position any   `bson:"_position"`
			}
			U struct {
				Set struct {
					Position int64 `bson:"_position"`
				} `bson:"$set"`
			}
		}
	}
	if err := bson.Unmarshal(c, &u); err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, one := range u.Updates {
		if one.Q.Position != nil {
			t.Errorf("a row gets a position that has one: %v", c)
		}
		said += fmt.Sprint(one.Q.ID, ":", one.U.Set.Position, " ")
	}
	return said
}

// A row is appended without a position; the server is asked for its time, and nothing
// is written that another transaction writes.
func TestAppendInATransaction(t *testing.T) {
	s := newServer(t)
	acme := s.open(mongo.Options{})
	if err := acme.Write(t.Context(), func(tx store.Tx) error {
		return tx.Append(t.Context(), "journal", 7, map[string]any{"n:i": int64(1)})
	}); err != nil {
		t.Fatal(err)
	}
	sees(t, s, "insert commitTransaction")
	rows, err := s.commands()[0].Lookup("documents").Array().Values()
	if err != nil || len(rows) != 1 {
		t.Fatal(err, rows)
	}
	row := rows[0].Document()
	seconds, count, ok := row.Lookup("_stamp").TimestampOK()
	if _, err := row.LookupErr("_position"); !ok || seconds != 0 || count != 0 || err == nil {
		t.Errorf("inserted %v", row)
	}
}

// The page that a process left when it died is finished before the next is made; of two
// processes that make one, one begins anew.
func TestPlacingRows(t *testing.T) {
	s := newServer(t)
	acme := s.open(mongo.Options{})
	n := query.Column{Name: "n:i", Storage: fieldtype.Int}
	row := func(position int64) bson.D {
		return bson.D{{Key: "_id", Value: position + 100}, {Key: "_position", Value: position}, {Key: "n:i", Value: position * 2}}
	}
	s.script("find",
		headOf(3, 10, 5, 6), // the last page of one that died
		keys(6, 9, 8),       // 6 has not got its position
		keys(9, 8),
		headOf(4, 12, 9), // another was faster, and died, too
		keys(9, 8),
		keys(8),
		found(row(10), row(11), row(12), row(13)),
		headOf(5, 13, 8),
		keys(),
		headOf(5, 13, 8)) // nor did another make a page meanwhile
	s.script("update",
		changed(1), // 5 and 6
		changed(0), // the head is not that of page 3 any more
		changed(1), // 9
		changed(1), // the head is that of page 5
		changed(1)) // 8
	var got []int64
	for r, err := range acme.ReadLog(t.Context(), store.LogRead{Table: "journal", Columns: []query.Column{n}, After: 9, Limit: 50}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r[0].(int64), r[1].(int64))
	}
	if !slices.Equal(got, []int64{10, 20, 11, 22, 12, 24, 13, 26}) {
		t.Errorf("read %v", got)
	}
	sees(t, s, "find find update find update find find update find update update find find find find")
	var updates []bson.Raw
	for _, c := range s.commands() {
		if _, err := c.LookupErr("update"); err == nil {
			updates = append(updates, c)
		}
	}
	for i, want := range map[int]string{0: "5:10 6:11 ", 2: "9:12 ", 4: "8:13 "} {
		if got := placedBy(t, updates[i]); got != want {
			t.Errorf("update %d places %q, want %q", i, got, want)
		}
		if ordered := updates[i].Lookup("ordered"); !ordered.Boolean() {
			t.Errorf("update %d may happen in any order", i)
		}
	}
	for i, page := range map[int]int64{1: 3, 3: 4} {
		q := updates[i].Lookup("updates", "0", "q")
		if got := q.Document().Lookup("page").AsInt64(); got != page {
			t.Errorf("update %d replaces the head of page %d", i, got)
		}
	}
}

// Rows that get their positions from another between the two questions of a reader, what the head is and which rows
// have none, are read.
func TestPlacedByAnotherMeanwhile(t *testing.T) {
	s := newServer(t)
	acme := s.open(mongo.Options{})
	s.script("find",
		headOf(3, 10, 5, 6), // and then the row 9 is appended, and placed by another
		keys(),
		headOf(4, 12, 9),
		headOf(4, 12, 9),
		keys(),
		headOf(4, 12, 9),
		found(bson.D{{Key: "_id", Value: int64(9)}, {Key: "_position", Value: int64(12)}}),
		headOf(4, 12, 9),
		keys(),
		headOf(4, 12, 9))
	var got []int64
	for r, err := range acme.ReadLog(t.Context(), store.LogRead{Table: "journal", After: 11, Limit: 50}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r[0].(int64))
	}
	if !slices.Equal(got, []int64{12}) {
		t.Errorf("read %v", got)
	}
	sees(t, s, "find find find find find find find find find find")
}
