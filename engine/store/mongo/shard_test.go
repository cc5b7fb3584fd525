package mongo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/metadata/fieldtype"
)

var (
	ofRecord = query.Column{Name: "record", Storage: fieldtype.Int}
	amount   = query.Column{Name: "amount:i2", Storage: fieldtype.Int}
)

// A tenant is spread by shardCollection, once the collection and the index of its shard key
// are there, and keys instead of unique indexes. What a unique index holds together that can't
// be keys stays, and so does what is not defined.
func TestSpread(t *testing.T) {
	s := newServer(t)
	withMemory(s)
	spreader, tenant := process(t, s)
	tags := query.Column{Name: "tags", Storage: fieldtype.List}
	unique := func(c query.Column) []store.Index {
		return []store.Index{{Name: "u", Unique: true, Columns: []store.IndexColumn{{Column: c}}}}
	}
	if err := tenant.Define(t.Context(), store.Table{Name: "lead", Columns: []query.Column{amount}}, store.Table{Name: "_history", Columns: []query.Column{ofRecord}},
		store.Table{Name: "account", Columns: []query.Column{amount}, Indexes: unique(amount)}, store.Table{Name: "tagged", Columns: []query.Column{tags}, Indexes: unique(tags)}); err != nil {
		t.Fatal(err)
	}
	if err := tenant.Write(t.Context(), func(tx store.Tx) error {
		return tx.Insert(t.Context(), "account", 1, map[string]any{amount.Name: int64(7)}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	before := len(s.commands())
	by := map[string]query.Column{"lead": query.ID, "_history": ofRecord, "account": query.ID, "tagged": query.ID, "nothing": query.ID}
	kept, err := spreader.Spread(t.Context(), "acme", by)
	if err != nil || !slices.Equal(kept, []string{"tagged"}) {
		t.Fatalf("kept %v, %v", kept, err)
	}
	var told []string
	for _, c := range s.commands()[before:] {
		switch name := must(c.Elements())[0].Key(); {
		case name == "createIndexes" && text(c, name) != "tagged":
			told = append(told, "index "+text(c, name)+" "+text(c, "indexes", "0", "name"))
		case name == "dropIndexes":
			told = append(told, "drop "+text(c, name)+" "+text(c, "index"))
		case name == "insert":
			told = append(told, "claim "+text(c, "documents", "0", "_id"))
		case name == "shardCollection":
			_, collection, _ := strings.Cut(text(c, name), ".")
			told = append(told, "spread "+collection+" by "+c.Lookup("key").String())
		}
	}
	want := []string{
		`index formwork.keys _shard`, `spread formwork.keys by {"_id": "hashed"}`,
		`index _history _shard`, `spread _history by {"record": "hashed"}`,
		`index account _unique_u`, `claim "account" "u" 1 7`, `drop account u`, `index account _shard`, `spread account by {"_id": "hashed"}`,
		`index lead _shard`, `spread lead by {"_id": "hashed"}`}
	if !slices.Equal(told, want) {
		t.Errorf("the server was told\n%q, want\n%q", told, want)
	}

	plain, err := mongo.Open(t.Context(), "mongodb://"+newServer(t).address+"/?directConnection=true&retryReads=false", mongo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.Spread(t.Context(), "acme", by); !fault.Is(err, "mongo.not_sharded") {
		t.Errorf("without shards: %v", err)
	}
}

// targeted reports whether a command that was sent names the value by which the rows of its
// collection are spread, so that it goes to the shards of these values alone.
func targeted(c bson.Raw) bool {
	name := must(c.Elements())[0].Key()
	collection := text(c, name)
	key := "_id"
	if collection == "_history" {
		key = "record"
	}
	filter := c.Lookup("filter")
	switch name {
	case "insert":
		filter = c.Lookup("documents", "0")
	case "update":
		filter = c.Lookup("updates", "0", "q")
	case "delete":
		filter = c.Lookup("deletes", "0", "q")
	case "findAndModify":
		filter = c.Lookup("query")
	case "aggregate":
		filter = c.Lookup("pipeline", "0", "$match")
	}
	document, ok := filter.DocumentOK()
	return ok && names(document, key)
}

// names reports whether a filter holds a field to single values.
func names(filter bson.Raw, key string) bool {
	if all, ok := filter.Lookup("$and").ArrayOK(); ok {
		for _, one := range must(all.Values()) {
			if part, ok := one.DocumentOK(); ok && names(part, key) {
				return true
			}
		}
	}
	value := filter.Lookup(key)
	if operators, ok := value.DocumentOK(); ok {
		for _, e := range must(operators.Elements()) {
			if e.Key() == "$eq" || e.Key() == "$in" {
				return true
			}
		}
		return false
	}
	return value.Type != 0
}

// Which of the questions that are formed go to one shard, and which to all of them.
func TestWhichShardsAreAsked(t *testing.T) {
	s := newServer(t)
	s.router = true
	tenant := s.open(mongo.Options{})
	sel := func(table string, f query.Filter, sort ...query.Order) func() error {
		return func() error {
			for _, err := range tenant.Select(t.Context(), query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Filter: f, Sort: sort, Limit: 50}) {
				if err != nil {
					return err
				}
			}
			return nil
		}
	}
	write := func(do func(tx store.Tx) error) func() error {
		return func() error { return tenant.Write(t.Context(), do) }
	}
	newest := query.Order{Ref: query.Field(query.ID), Descending: true}
	for _, c := range []struct {
		what     string
		table    string
		targeted bool
		do       func() error
	}{
		{"a record by its id", "lead", true, sel("lead", query.Is(query.ID, int64(7)))},
		{"a record by its id, under a policy", "lead", true, sel("lead", query.All{query.Is(query.ID, int64(7)), query.Is(amount, int64(1))})},
		{"records by their ids", "lead", true, sel("lead", query.In{Ref: query.Field(query.ID), Values: []any{int64(7), int64(9)}})},
		{"a list", "lead", false, sel("lead", query.Is(amount, int64(1)), newest)},
		{"a count", "lead", false, func() error {
			_, err := tenant.Count(t.Context(), "lead", query.Is(amount, int64(1)), nil, 0)
			return err
		}},
		{"the history of a record", "_history", true, sel("_history", query.Is(ofRecord, int64(7)), newest)},
		{"a new record", "lead", true, write(func(tx store.Tx) error { return tx.Insert(t.Context(), "lead", 7, nil, nil) })},
		{"an entry of a history", "_history", true, write(func(tx store.Tx) error {
			return tx.Insert(t.Context(), "_history", 8, map[string]any{"record": int64(7)}, nil)
		})},
		{"a change", "lead", true, write(func(tx store.Tx) error {
			return tx.Update(t.Context(), "lead", 7, 1, map[string]any{amount.Name: int64(2)}, nil)
		})},
		{"a lock", "lead", true, write(func(tx store.Tx) error { return tx.Lock(t.Context(), "lead", 7) })},
		{"a deletion", "lead", true, write(func(tx store.Tx) error { return tx.Delete(t.Context(), "lead", id.ID(7)) })},
		{"an event", "_outbox", true, write(func(tx store.Tx) error { return tx.Append(t.Context(), "_outbox", 9, nil) })},
		{"events behind a position", "_outbox", false, sel("_outbox", query.Compare{Ref: query.Field(amount), Op: query.Gt, Value: int64(3)})},
	} {
		since := len(s.commands())
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		asked := 0
		for _, command := range s.commands()[since:] {
			if text(command, must(command.Elements())[0].Key()) != c.table {
				continue
			}
			asked++
			if targeted(command) != c.targeted {
				t.Errorf("%s: targeted is %v: %s", c.what, !c.targeted, command)
			}
		}
		if asked == 0 {
			t.Error(fmt.Sprint(c.what, ": nothing was asked"))
		}
	}
}
