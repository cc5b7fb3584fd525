package mongo_test

import (
	"slices"
	"strings"
	"testing"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/metadata/fieldtype"
)

// What is written to many rows takes a command a table, whatever the order in which the
// tables take turns; the rows that are locked take another.
func TestManyRowsTakeFewCommands(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	const rows = 300
	s.script("update", changed(1), changed(rows)) // the lock, then the parent
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		for i := range id.ID(rows) {
			refused, err := tx.Attempt(t.Context(), func() error {
				if err := tx.Lock(t.Context(), "account", 7); err != nil {
					return err
				}
				if err := tx.Insert(t.Context(), "lead", 100+i, map[string]any{"a:t": "x"}, []string{"x"}); err != nil {
					return err
				}
				if err := tx.Append(t.Context(), "journal", 100+i, map[string]any{"n:i": int64(i)}); err != nil {
					return err
				}
				return tx.Update(t.Context(), "account", 7, 0, map[string]any{"n:i": int64(i)}, nil)
			})
			if refused != nil || err != nil {
				t.Fatal(refused, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sees(t, s, "update update insert insert commitTransaction")
	for i, want := range []struct {
		list string
		rows int
	}{{"updates", 1}, {"updates", rows}, {"documents", rows}, {"documents", rows}} {
		values, err := s.commands()[i].Lookup(want.list).Array().Values()
		if err != nil || len(values) != want.rows {
			t.Errorf("command %d has %d rows, %v, want %d", i, len(values), err, want.rows)
		}
	}
}

// Rows that are deleted take a command, too, whatever is changed between them.
func TestManyDeletionsTakeFewCommands(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	const rows = 300
	s.script("update", changed(rows))
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		for i := range id.ID(rows) {
			if err := tx.Delete(t.Context(), "lead", 1000+i); err != nil {
				return err
			}
			if err := tx.Update(t.Context(), "lead", 2000+i, 0, map[string]any{"n:i": int64(i)}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sees(t, s, "update delete commitTransaction")
}

// A read has those rows sent that it may see, and no others.
func TestReadsSeeWhatIsKeptBack(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	owner := query.Ref{Hops: []query.Hop{{Lookup: query.Column{Name: "account:r", Storage: fieldtype.Int}, Table: "account"}}, Column: query.Owner}
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		for _, table := range []string{"lead", "account", "task"} {
			if err := tx.Insert(t.Context(), table, 1, nil, nil); err != nil {
				return err
			}
		}
		if _, err := tx.Count(t.Context(), "product", nil, nil, 0); err != nil {
			return err
		}
		if _, err := tx.Count(t.Context(), "lead", nil, nil, 0); err != nil {
			return err
		}
		for _, err := range tx.Select(t.Context(), query.Select{Table: "lead", Columns: []query.Ref{owner}}) {
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sees(t, s, "aggregate insert aggregate insert insert find commitTransaction")
	var tables []string
	for _, c := range s.commands() {
		tables = append(tables, text(c, "insert")+text(c, "aggregate")+text(c, "find"))
	}
	if want := []string{"product", "lead", "lead", "account", "task", "lead", ""}; !slices.Equal(tables, want) {
		t.Errorf("of tables %v, want %v", tables, want)
	}
}

// Much that is kept back is sent before the transaction ends, so that memory has a bound.
func TestMuchIsNotKeptBack(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	long := strings.Repeat("x", 1<<20)
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		for i := range id.ID(20) {
			if err := tx.Insert(t.Context(), "lead", 1+i, map[string]any{"a:t": long}, nil); err != nil {
				return err
			}
			if seen := len(s.commands()); i == 9 && seen == 0 {
				t.Error("ten MiB are kept back")
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sees(t, s, "insert insert insert commitTransaction")
}
