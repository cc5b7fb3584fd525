package mongo_test

import (
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/metadata/fieldtype"
)

// tablesKeeper keeps the definitions of one tenant's tables.
func tablesKeeper() func(name string, command bson.Raw) bson.D {
	kept := map[string]bson.Raw{}
	return func(name string, command bson.Raw) bson.D {
		if collection, _ := command.Lookup(name).StringValueOK(); collection != "formwork.tables" {
			return nil
		}
		switch name {
		case "find":
			var all []bson.D
			for _, d := range kept {
				in, asked := command.Lookup("filter", "_id", "$in").ArrayOK()
				if asked && !strings.Contains(in.String(), `"`+d.Lookup("_id").StringValue()+`"`) {
					continue
				}
				all = append(all, bson.D{})
				_ = bson.Unmarshal(d, &all[len(all)-1])
			}
			return found(all...)
		case "update":
			u := command.Lookup("updates", "0").Document()
			table := u.Lookup("q", "_id").StringValue()
			before, exists := kept[table]
			if !exists {
				if upsert, _ := u.Lookup("upsert").BooleanOK(); !upsert {
					return changed(0)
				}
				before = must(bson.Marshal(bson.D{{Key: "_id", Value: table}}))
			} else if changes, ok := u.Lookup("q", "unmade.changes").AsInt64OK(); ok && changes != unmadeChanges(before) {
				return changed(0)
			}
			if u.Lookup("u", "dropped").Type != 0 {
				kept[table] = must(bson.Marshal(bson.D{{Key: "_id", Value: table}, {Key: "dropped", Value: true}}))
			} else {
				kept[table] = updated(before, u.Lookup("u").Document())
			}
			return changed(1)
		}
		return nil
	}
}

func unmadeChanges(definition bson.Raw) int64 {
	changes, _ := definition.Lookup("unmade", "changes").AsInt64OK()
	return changes
}

// A collection and its indexes are made when the first row of the table is inserted, of a
// log with its head; until then the server keeps nothing of the table, and what is read
// of it is nothing. A table that was dropped and is defined anew gets its collection at
// once.
func TestCollectionsAreMadeForRows(t *testing.T) {
	s := newServer(t)
	tenant := s.open(mongo.Options{})
	s.keeps = tablesKeeper()
	n := query.Column{Name: "n", Storage: fieldtype.Int}
	index := func(name string, unique bool) store.Index {
		return store.Index{Name: name, Unique: unique, Columns: []store.IndexColumn{{Column: n}}}
	}
	lead := store.Table{Name: "lead", Columns: []query.Column{n}, Indexes: []store.Index{index("a", false)}}
	after := func(what string, do func() error) string {
		t.Helper()
		before := len(s.commands())
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var seen []string
		for _, c := range s.commands()[before:] {
			name := must(c.Elements())[0].Key()
			if collection := text(c, name); collection != "formwork.tables" {
				seen = append(seen, strings.TrimSpace(name+" "+collection))
			}
		}
		return strings.Join(seen, ", ")
	}
	define := func() error {
		return tenant.Define(t.Context(), lead, store.Table{Name: "journal", Log: true}, store.Table{Name: "never"})
	}
	if got := after("defining", define); got != "" {
		t.Errorf("defining tables sent %s", got)
	}
	if got := after("indexing", func() error {
		return tenant.Index(t.Context(), "lead", []store.Index{index("b", true), index("c", false)})
	}); got != "" {
		t.Errorf("indexing an empty table sent %s", got)
	}
	names := func() (names []string) {
		for _, i := range must(tenant.Indexes(t.Context(), "lead")) {
			names = append(names, i.Name)
		}
		return names
	}
	if got := names(); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("the indexes are %v", got)
	}
	if end, err := tenant.LogEnd(t.Context(), "journal"); err != nil || end != 0 {
		t.Errorf("a log without rows ends at %d, %v", end, err)
	}
	insert := func() error {
		return tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "lead", 1, nil, nil) })
	}
	if got := after("inserting", insert); got != "create lead, createIndexes lead, createIndexes lead, insert lead, commitTransaction" {
		t.Errorf("the first row sent %s", got)
	}
	if got := after("inserting", insert); got != "insert lead, commitTransaction" {
		t.Errorf("the second row sent %s", got)
	}
	if err := tenant.Define(t.Context(), store.Table{Name: "read", Indexes: []store.Index{{Name: "a", Columns: []store.IndexColumn{{Column: query.ID}}}}}); err != nil {
		t.Fatal(err)
	}
	if got := after("inserting what was looked for", func() error {
		return tenant.Write(t.Context(), func(tx store.Tx) error {
			if n, err := tx.Count(t.Context(), "read", nil, nil, 0); err != nil || n != 0 {
				t.Errorf("there are %d rows, %v", n, err)
			}
			return tx.Insert(t.Context(), "read", 1, nil, nil)
		})
	}); got != "aggregate read, abortTransaction, create read, createIndexes read, aggregate read, insert read, commitTransaction" {
		t.Errorf("the first row after a read sent %s", got)
	}
	other := func() error {
		return tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "other", 1, nil, nil) })
	}
	_ = after("inserting into a table that is not defined", other)
	if err := tenant.Define(t.Context(), store.Table{Name: "other", Columns: []query.Column{n}, Indexes: []store.Index{index("a", true)}}); err != nil {
		t.Fatal(err)
	}
	if got := after("inserting once it is", other); !strings.HasPrefix(got, "create other, createIndexes other") {
		t.Errorf("the first row since a table was defined sent %s", got)
	}
	if got := after("appending", func() error {
		return tenant.Write(t.Context(), func(tx store.Tx) error {
			if err := tx.Delete(t.Context(), "never", 1); err != nil {
				return err
			}
			return tx.Append(t.Context(), "journal", 1, nil)
		})
	}); got != "create journal, createIndexes journal, update formwork.logs, delete never, insert journal, commitTransaction" {
		t.Errorf("the first row of a log sent %s", got)
	}
	if err := tenant.Drop(t.Context(), "lead"); err != nil {
		t.Fatal(err)
	}
	if got := after("defining anew", define); got != "create lead, createIndexes lead" {
		t.Errorf("defining a table anew sent %s", got)
	}
}
