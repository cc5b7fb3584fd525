package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/search"
	"formwork/engine/store"
)

// bare is the store without anything over it: the same table with the same indexes
// and rows, in this process.
type bare struct {
	recipe *Recipe
	table  store.Table // with the indexes that are planned for it
	tenant store.Tenant
	ids    *id.Source
	owner  id.ID   // whose rows are asked for
	own    []id.ID // their ids
	column map[string]query.Column
	texts  []query.Column // that words are made of
	every  []query.Ref    // id, then the columns of the table
	sample []store.Row    // rows to insert again
}

// samples is how many rows are kept to be inserted again.
const samples = 1000

func newBare(r *Recipe, object *catalog.Object, indexes []store.Index, tenant store.Tenant, ids *id.Source, owner id.ID) (*bare, error) {
	b := &bare{recipe: r, table: object.Table, tenant: tenant, ids: ids, owner: owner, column: map[string]query.Column{}, every: []query.Ref{query.Field(query.ID)}}
	b.table.Indexes = indexes
	for _, name := range []string{r.Equal, strings.TrimPrefix(r.Sort, "-"), r.Group, r.Sum} {
		f, ok := object.Field(name)
		if !ok {
			return nil, fmt.Errorf("%s has no field %s", r.Object, name)
		}
		b.column[name] = f.Column
	}
	for _, f := range object.Search {
		b.texts = append(b.texts, f.Column)
	}
	for _, c := range object.Table.Columns {
		b.every = append(b.every, query.Field(c))
	}
	return b, nil
}

// load copies the rows of another tenant in transactions of so many, and measures
// the writing alone.
func (b *bare) load(ctx context.Context, from store.Tenant, batch int, progress func(done int)) (Result, error) {
	if err := b.tenant.Define(ctx, b.table); err != nil {
		return Result{}, fmt.Errorf("making the bare table: %w", err)
	}
	var waiting []store.Row
	var took []time.Duration
	done := 0
	flush := func() error {
		if len(waiting) == 0 {
			return nil
		}
		began := time.Now()
		err := b.tenant.Write(ctx, func(tx store.Tx) error {
			for _, row := range waiting {
				if err := b.insert(tx, id.ID(row[0].(int64)), row); err != nil {
					return err
				}
			}
			return nil
		})
		took = append(took, time.Since(began))
		done += len(waiting)
		progress(done)
		waiting = nil
		return err
	}
	for row, err := range from.Select(ctx, query.Select{Table: b.table.Name, Columns: b.every, Sort: []query.Order{{Ref: query.Field(query.ID)}}}) {
		if err != nil {
			return Result{}, fmt.Errorf("reading rows to copy: %w", err)
		}
		kept := append(store.Row{}, row...)
		if len(b.sample) < samples {
			b.sample = append(b.sample, kept)
		}
		if b.value(kept, query.Owner) == int64(b.owner) {
			b.own = append(b.own, id.ID(kept[0].(int64)))
		}
		if waiting = append(waiting, kept); len(waiting) == batch {
			if err := flush(); err != nil {
				return Result{}, fmt.Errorf("copying rows: %w", err)
			}
		}
	}
	if err := flush(); err != nil {
		return Result{}, fmt.Errorf("copying rows: %w", err)
	}
	return bulk("", took, done), nil
}

// value is a column of a row with every column.
func (b *bare) value(row store.Row, c query.Column) any {
	for i, ref := range b.every {
		if ref.Column == c {
			return row[i]
		}
	}
	return nil
}

// words are the words of a row with every column.
func (b *bare) words(row store.Row) []string {
	var texts []string
	for _, c := range b.texts {
		if text, ok := b.value(row, c).(string); ok {
			texts = append(texts, text)
		}
	}
	return append([]string{}, search.Words(texts...)...)
}

func (b *bare) insert(tx store.Tx, key id.ID, row store.Row) error {
	values := make(map[string]any, len(b.every))
	for i, ref := range b.every[1:] {
		values[ref.Column.Name] = row[i+1]
	}
	return tx.Insert(context.Background(), b.table.Name, key, values, b.words(row))
}

// drain reads rows to the end and says how many there were.
func drain(rows func(func(store.Row, error) bool)) (n int, err error) {
	for _, err := range rows {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// operation is what one request of the name does, done on the store.
func (b *bare) operation(ctx context.Context, name string) func(n int) error {
	own := query.Is(query.Owner, int64(b.owner))
	byID := query.Order{Ref: query.Field(query.ID)}
	list := func(n int) query.Select {
		field, descends := strings.CutPrefix(b.recipe.Sort, "-")
		return query.Select{Table: b.table.Name, Columns: b.every, Limit: b.recipe.Limit,
			Filter: query.All{own, query.Is(b.column[b.recipe.Equal], b.recipe.Values[n%len(b.recipe.Values)])},
			Sort:   []query.Order{{Ref: query.Field(b.column[field]), Descending: descends}, {Ref: query.Field(query.ID), Descending: descends}}}
	}
	groups := query.Aggregate{Table: b.table.Name, Groups: []query.Group{{Ref: query.Field(b.column[b.recipe.Group])}},
		Measures: []query.Measure{{Op: query.Count}, {Op: query.Sum, Ref: query.Field(b.column[b.recipe.Sum])}}}
	selected := func(q query.Select) error { _, err := drain(b.tenant.Select(ctx, q)); return err }
	switch name {
	case opRead:
		return func(n int) error {
			key := b.own[n*7_919%len(b.own)]
			return selected(query.Select{Table: b.table.Name, Columns: b.every, Limit: 1,
				Filter: query.All{query.Is(query.ID, int64(key)), own}})
		}
	case opList:
		return func(n int) error { return selected(list(n)) }
	case opTotal:
		return func(n int) error {
			q := list(n)
			if err := selected(q); err != nil {
				return err
			}
			_, err := b.tenant.Count(ctx, q.Table, q.Filter, nil, record.MaxTotal+1)
			return err
		}
	case opSearch:
		return func(n int) error {
			return selected(query.Select{Table: b.table.Name, Columns: b.every, Filter: own, Limit: b.recipe.Limit,
				Words: search.Query(b.recipe.Terms[n%len(b.recipe.Terms)]), Sort: []query.Order{byID}})
		}
	case opOwnGroups:
		groups.Filter = own
		return func(int) error { _, err := drain(b.tenant.Aggregate(ctx, groups)); return err }
	case opAllGroups:
		return func(int) error { _, err := drain(b.tenant.Aggregate(ctx, groups)); return err }
	case opUpdate:
		return b.update(ctx)
	case opCreate:
		return func(n int) error {
			return b.tenant.Write(ctx, func(tx store.Tx) error { return b.insert(tx, b.ids.Next(), b.sample[n%len(b.sample)]) })
		}
	}
	panic("bench: no operation " + name)
}

// update reads a row, changes one text in it, and writes that and the row's words.
func (b *bare) update(ctx context.Context) func(n int) error {
	column := b.texts[len(b.texts)-1]
	return func(n int) error {
		key := b.own[n*7_919%len(b.own)]
		return b.tenant.Write(ctx, func(tx store.Tx) error {
			for row, err := range tx.Select(ctx, query.Select{Table: b.table.Name, Columns: b.every, Limit: 1,
				Filter: query.Is(query.ID, int64(key))}) {
				if err != nil {
					return err
				}
				text := fmt.Sprintf("+49 %d", n)
				changed := append(store.Row{}, row...)
				for i, ref := range b.every {
					if ref.Column == column {
						changed[i] = text
					}
				}
				return tx.Update(ctx, b.table.Name, key, 0, map[string]any{column.Name: text}, b.words(changed))
			}
			return nil
		})
	}
}
