package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/demand"
	"formwork/engine/demo"
	"formwork/engine/id"
	"formwork/engine/store"
)

// measured are the operations in the order in which they are measured: those that
// change something come last.
var measured = []struct{ name, title string }{
	{opRead, "read"},
	{opList, "list: filter, sort, %d, no total"},
	{opTotal, "the same with total"},
	{opSearch, "text search"},
	{opOwnGroups, "aggregate, own rows"},
	{opAllGroups, "aggregate, all rows (admin)"},
	{opUpdate, "update"},
	{opCreate, "create"},
}

// measure does everything that needs a running server.
func (b *bench) measure(ctx context.Context, r *report, s *server) error {
	filled, err := b.fill(ctx, s)
	if err != nil {
		return err
	}
	return b.withBare(ctx, func(bare *bare, from store.Tenant) error {
		copied, err := bare.load(ctx, from, demo.Batch, func(done int) { b.Progress(fmt.Sprintf("loading rows into the bare store: %d/%d", done, b.Rows)) })
		if err != nil {
			return err
		}
		var loaded *Result
		if b.beside != nil {
			r := bulk("", b.beside.took, b.beside.rows)
			loaded = &r
		}
		r.compare(filled, copied, loaded, "rows")
		if err := b.demand(ctx, bare, from); err != nil {
			return err
		}
		if err := b.operations(ctx, r, bare); err != nil {
			return err
		}
		r.fact("memory after the load", fmt.Sprintf("%.0f MiB", s.memory()))
		if b.beside != nil {
			r.fact("memory after the load, program beside", fmt.Sprintf("%.0f MiB", b.beside.memory()))
		}
		return b.changes(ctx, r)
	})
}

// withBare opens the store that the server works on, to copy from, and another.
func (b *bench) withBare(ctx context.Context, do func(to *bare, from store.Tenant) error) error {
	return b.in(ctx, b.storage(), func(source House) error {
		from, err := source.Store().Tenant(ctx, served)
		if err != nil {
			return err
		}
		snapshot, err := source.Snapshot(ctx, from)
		if err != nil {
			return err
		}
		if b.Database != "" {
			return b.bareIn(ctx, source, snapshot, func(to *bare) error { return do(to, from) })
		}
		return b.in(ctx, filepath.Join(b.dir, "bare"), func(target House) error {
			return b.bareIn(ctx, target, snapshot, func(to *bare) error { return do(to, from) })
		})
	})
}

func (b *bench) bareIn(ctx context.Context, target House, snapshot *catalog.Snapshot, do func(*bare) error) error {
	object, ok := snapshot.Objects[b.Recipe.Object]
	if !ok {
		return fmt.Errorf("there is no object %s", b.Recipe.Object)
	}
	owner, ok := id.Parse(b.userID)
	if !ok {
		return fmt.Errorf("nobody was made to measure with")
	}
	t, err := target.Store().Create(ctx, unserved)
	if err != nil {
		return err
	}
	bare, err := newBare(b.Recipe, object, snapshot.Indexes[b.Recipe.Object], t, id.NewSource(time.Now, func() uint32 { return uint32(time.Now().UnixNano()) }), owner)
	if err != nil {
		return err
	}
	return do(bare)
}

// operations measures each operation over HTTP and then on the bare store.
func (b *bench) operations(ctx context.Context, r *report, bare *bare) error {
	fill := &filler{recipe: b.Recipe, ids: b.ids, run: "1"}
	requests := b.Recipe.operations()
	for _, m := range measured {
		if err := ctx.Err(); err != nil {
			return err
		}
		title := m.title
		if m.name == opList {
			title = fmt.Sprintf(title, b.Recipe.Limit)
		}
		c := b.user
		if m.name == opAllGroups {
			c = b.admin
		}
		b.Progress("measuring over HTTP: " + title)
		over := b.twice(func(length time.Duration) Result { return c.load(title, length, fill.fill(requests[m.name])) })
		b.Progress("measuring the bare store: " + title)
		do := bare.operation(ctx, m.name)
		under := b.twice(func(length time.Duration) Result { return concurrently(title, b.Connections, length, do) })
		r.compare(over, under, b.besides(m.name, title), "")
		if m.name == opList {
			b.Progress("measuring over HTTP: the same rows for an admin")
			same := operation{method: "GET", path: b.Recipe.listing(b.userID)}
			all := b.twice(func(length time.Duration) Result {
				return b.admin.load("the same rows for an admin", length, fill.fill(same))
			})
			r.alone(all)
			r.fact("list under the row policy, time against the same rows for an admin", fmt.Sprintf("×%.2f", all.PerSec/over.PerSec))
		}
	}
	return nil
}

// demand uses each list and aggregation until the indexes that it asks for are made, and gives
// the bare store the same.
func (b *bench) demand(ctx context.Context, bare *bare, from store.Tenant) error {
	b.Progress("waiting for the indexes of lists")
	fill := &filler{recipe: b.Recipe, ids: b.ids, run: "0"}
	requests := b.Recipe.operations()
	for _, m := range []struct {
		by *client
		do operation
	}{{b.user, requests[opList]}, {b.user, requests[opOwnGroups]}, {b.admin, requests[opAllGroups]},
		{b.admin, operation{method: "GET", path: b.Recipe.listing(b.userID)}}} {
		next := fill.fill(m.do)
		for n := range demand.Often {
			status, body, err := m.by.send(next(n))
			if err != nil {
				return fmt.Errorf("using a list: %w", err)
			}
			if status >= 300 {
				return fmt.Errorf("using a list: the server answers %d: %.500s", status, body)
			}
		}
	}
	quiet := 0
	for quiet < 4 { // for as long as it takes to count the uses
		open := 0
		for _, state := range []string{"waiting", "running"} {
			var jobs struct {
				Items []struct{} `json:"items"`
			}
			if err := b.admin.call(ctx, "GET", "/jobs?kind=index&state="+state, nil, &jobs); err != nil {
				return err
			}
			open += len(jobs.Items)
		}
		if quiet++; open > 0 {
			quiet = 0
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
	indexes, err := from.Indexes(ctx, bare.table.Name)
	if err != nil {
		return fmt.Errorf("reading the indexes of the server: %w", err)
	}
	if err := bare.tenant.Index(ctx, bare.table.Name, indexes); err != nil {
		return fmt.Errorf("giving the bare store the indexes of the server: %w", err)
	}
	return nil
}

// besides measures the same operation of the program beside, if there is one.
func (b *bench) besides(name, title string) *Result {
	if b.beside == nil {
		return nil
	}
	b.Progress("measuring the program beside: " + title)
	fill := &filler{recipe: b.Recipe, ids: b.beside.ids, run: "1"}
	r := b.twice(func(length time.Duration) Result {
		return b.beside.client.load(title, length, fill.fill(b.beside.ops[name]))
	})
	return &r
}

// names are those of what is measured.
func names() (all []string) {
	for _, m := range measured {
		all = append(all, m.name)
	}
	return all
}

// twice runs a load shortly to warm up, and then to measure.
func (b *bench) twice(load func(time.Duration) Result) Result {
	load(b.Length / 5)
	return load(b.Length)
}

// changes adds a field and an object while the server runs.
func (b *bench) changes(ctx context.Context, r *report) error {
	b.Progress("changing the configuration")
	field, err := b.apply(ctx, b.Recipe.Field)
	if err != nil {
		return err
	}
	r.fact("add a field to the full table", milliseconds(field))
	table, err := b.apply(ctx, b.Recipe.Table)
	if err != nil {
		return err
	}
	r.fact("add an object with 30 fields", milliseconds(table))
	var added struct {
		Name string `json:"name"`
	}
	if err := unmarshal(b.Recipe.Table, &added); err != nil {
		return err
	}
	if err := b.admin.call(ctx, "POST", "/records/"+added.Name, b.Recipe.Record, nil); err != nil {
		return fmt.Errorf("using the new object: %w", err)
	}
	return nil
}

// apply makes a document part of the configuration.
func (b *bench) apply(ctx context.Context, document []byte) (time.Duration, error) {
	var current struct {
		Items []struct {
			Revision int64 `json:"revision"`
		} `json:"items"`
	}
	if err := b.admin.call(ctx, "GET", "/metadata/revisions?limit=1", nil, &current); err != nil {
		return 0, err
	}
	if len(current.Items) == 0 {
		return 0, fmt.Errorf("the configuration has no revision")
	}
	change := map[string]any{"documents": []any{raw(document)}, "base": current.Items[0].Revision, "message": "Measuring"}
	began := time.Now()
	err := b.admin.call(ctx, "POST", "/metadata/apply", change, nil)
	return time.Since(began), err
}

// manyTenants starts a server on many tenants: copies of one file.
func (b *bench) manyTenants(ctx context.Context, r *report) error {
	from := filepath.Join(b.dir, "tenants", "tenant-0.db")
	dir := filepath.Join(b.dir, "many")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	for i := range b.Tenants {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.Progress(fmt.Sprintf("copying tenants: %d/%d", i, b.Tenants))
		if err := copyFile(filepath.Join(dir, fmt.Sprintf("tenant-%d.db", i)), from); err != nil {
			return err
		}
	}
	return b.measureStart(ctx, r, fmt.Sprintf("start to ready, %d tenants (copies of a file)", b.Tenants), dir)
}
