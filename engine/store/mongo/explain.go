package mongo

import (
	"context"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/query"
	"formwork/engine/store"
)

// Check implements store.Tenant. The server looks for damage itself, whenever it reads.
func (t *Tenant) Check(ctx context.Context) error { return ctx.Err() }

// Explain implements store.Tenant, from the server's explain command. Conditions
// behind lookups are resolved to tell; the plan is that of the last question.
func (t *Tenant) Explain(ctx context.Context, q query.Select) (store.Plan, error) {
	if err := t.ready(ctx); err != nil {
		return store.Plan{}, err
	}
	r, _, err := t.selection(ctx, q)
	if err != nil {
		return store.Plan{}, err
	}
	if r == nil {
		return store.Plan{Text: "no row can satisfy the filter"}, nil
	}
	command := bson.D{{Key: "find", Value: r.table}, {Key: "filter", Value: r.filter}, {Key: "projection", Value: r.projection}}
	if len(r.order) > 0 {
		command = append(command, bson.E{Key: "sort", Value: r.order})
	}
	if r.limit > 0 {
		command = append(command, bson.E{Key: "limit", Value: int64(r.limit)})
	}
	if r.pipeline != nil {
		command = bson.D{{Key: "aggregate", Value: r.table}, {Key: "pipeline", Value: r.pipeline}, {Key: "cursor", Value: bson.D{}}}
	}
	answer, err := t.db.RunCommand(ctx, bson.D{
		{Key: "explain", Value: command},
		{Key: "verbosity", Value: "queryPlanner"},
	}).Raw()
	if err != nil {
		return store.Plan{}, failed("explaining a query of table "+q.Table, err)
	}
	return planOf(q.Table, answer), nil
}

// planOf reads an answer of the explain command.
func planOf(table string, answer bson.Raw) store.Plan {
	plan := store.Plan{Text: answer.String()}
	explained{plan: &plan, table: table}.document(answer)
	return plan
}

// explained walks through the answer of the explain command.
type explained struct {
	plan  *store.Plan
	table string // of the part that is walked through
}

func (e explained) document(d bson.Raw) {
	if namespace, ok := d.Lookup("namespace").StringValueOK(); ok {
		_, e.table, _ = strings.Cut(namespace, ".")
	}
	switch stage, _ := d.Lookup("stage").StringValueOK(); stage {
	case "COLLSCAN":
		e.plan.Scans = add(e.plan.Scans, e.table)
	case "SORT":
		e.plan.Sorted = true
	case "IDHACK":
		e.plan.Uses = add(e.plan.Uses, keyIndex)
	}
	if index, ok := d.Lookup("indexName").StringValueOK(); ok {
		e.plan.Uses = add(e.plan.Uses, strings.TrimPrefix(index, finder))
	}
	elements, err := d.Elements()
	if err != nil {
		return
	}
	for _, element := range elements {
		switch element.Key() {
		case "rejectedPlans", "parsedQuery", "command", "serverInfo", "serverParameters":
			continue
		case "$sort":
			e.plan.Sorted = true
		}
		e.value(element.Value())
	}
}

func (e explained) value(v bson.RawValue) {
	switch v.Type {
	case bson.TypeEmbeddedDocument:
		e.document(v.Document())
	case bson.TypeArray:
		values, err := v.Array().Values()
		if err != nil {
			return
		}
		for _, item := range values {
			e.value(item)
		}
	}
}

func add(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}
