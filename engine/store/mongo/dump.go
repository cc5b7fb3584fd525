package mongo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Dump implements store.Tenant. All rows are read in one snapshot where the server has
// them; it keeps one for five minutes unless told otherwise
// (minSnapshotHistoryWindowInSeconds), and a dump that takes longer fails. Elsewhere rows
// are those that were there when each was read.
func (t *Tenant) Dump(ctx context.Context, w io.Writer) error {
	if err := t.ready(ctx); err != nil {
		return err
	}
	format, err := t.Format(ctx)
	if err != nil {
		return err
	}
	reading := ctx
	if t.store.snapshots {
		session, err := t.store.client.StartSession(options.Session().SetSnapshot(true))
		if err != nil {
			return failed("starting a session", err)
		}
		defer session.EndSession(context.WithoutCancel(ctx))
		reading = driver.NewSessionContext(ctx, session)
	}
	tables, err := t.tables(reading)
	if err != nil {
		return err
	}
	d := &dumping{t: t, ctx: ctx, reading: reading, w: store.NewDumpWriter(w)}
	if err := d.w.Format(format); err != nil {
		return err
	}
	for _, table := range tables {
		if err := d.table(table); err != nil {
			return err
		}
	}
	return d.w.End()
}

// Tables implements store.Tenant.
func (t *Tenant) Tables(ctx context.Context) ([]store.Table, error) {
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	return t.tables(ctx)
}

func (t *Tenant) tables(ctx context.Context) ([]store.Table, error) {
	cursor, err := t.db.Collection(definitions).Find(ctx, bson.D{{Key: "dropped", Value: nil}}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return nil, failed("reading the definitions of tables", err)
	}
	var all []definition
	if err := cursor.All(ctx, &all); err != nil {
		return nil, failed("reading the definitions of tables", err)
	}
	tables := make([]store.Table, len(all))
	for i, d := range all {
		tables[i] = store.Table{Name: d.Table, Search: d.Search, Log: d.Log}
		for name, tag := range d.Columns {
			tables[i].Columns = append(tables[i].Columns, query.Column{Name: column(name), Storage: storages[tag]})
		}
		slices.SortFunc(tables[i].Columns, func(a, b query.Column) int { return strings.Compare(a.Name, b.Name) })
	}
	return tables, nil
}

type dumping struct {
	t       *Tenant
	ctx     context.Context
	reading context.Context // in the snapshot
	w       *store.DumpWriter
}

// table dumps a table. Its indexes are listed outside of the snapshot, in which the
// server has none.
func (d *dumping) table(table store.Table) error {
	newest, err := d.head(table)
	if err != nil {
		return err
	}
	if err := d.w.Table(table, newest.end()); err != nil {
		return err
	}
	all := bson.D{}
	if table.Log {
		all = bson.D{{Key: positionField, Value: bson.D{{Key: "$gt", Value: int64(0)}}}}
	}
	if err := d.rows(table, all, keyField, func(store.FullRow) int64 { return 0 }); err != nil {
		return err
	}
	if table.Log {
		if err := d.unplaced(table, newest); err != nil {
			return err
		}
	}
	indexes, err := d.t.indexes(d.ctx, table.Name)
	if err != nil {
		return err
	}
	for i := range indexes {
		indexes[i] = withKey(indexes[i])
	}
	return d.w.Indexes(indexes)
}

// head is that of a log; of another table one whose end is 0.
func (d *dumping) head(table store.Table) (newest head, err error) {
	if !table.Log {
		return head{First: 1}, nil
	}
	err = d.t.db.Collection(heads).FindOne(d.reading, bson.D{{Key: "_id", Value: table.Name}}).Decode(&newest)
	if err == driver.ErrNoDocuments {
		return head{First: 1}, nil // nothing was ever appended
	}
	return newest, failed("reading the head of the log "+table.Name, err)
}

// unplaced dumps the rows of a log that have no positions yet, at those that they are
// going to have.
func (d *dumping) unplaced(table store.Table, newest head) error {
	end := newest.end()
	return d.rows(table, bson.D{{Key: positionField, Value: nil}}, stampField, func(row store.FullRow) int64 {
		if at := slices.Index(newest.Rows, int64(row.ID)); at >= 0 {
			return newest.First + int64(at)
		}
		end++
		return end
	})
}

// rows dumps the rows that a filter selects; position is that of one without any.
func (d *dumping) rows(table store.Table, filter bson.D, sort string, position func(store.FullRow) int64) error {
	fields := slots{}
	for i, c := range table.Columns {
		fields.put(field(c.Name), c.Storage, i)
	}
	key := len(table.Columns)
	at, words := key+1, key+2
	fields.put(keyField, fieldtype.Int, key)
	fields.put(positionField, fieldtype.Int, at)
	fields.put(wordsField, fieldtype.List, words)
	order := bson.D{{Key: sort, Value: 1}}
	if sort != keyField {
		order = append(order, bson.E{Key: keyField, Value: 1})
	}
	found, err := d.t.db.Collection(table.Name).Find(d.reading, filter, options.Find().SetSort(order).SetAllowDiskUse(true))
	if err != nil {
		return failed("dumping "+table.Name, err)
	}
	defer found.Close(context.WithoutCancel(d.ctx))
	row := make(store.Row, words+1)
	for found.Next(d.reading) {
		clear(row)
		if err := fields.read(found.Current, row); err != nil {
			return fmt.Errorf("dumping %s: %w", table.Name, err)
		}
		number, ok := row[key].(int64)
		if !ok {
			return fmt.Errorf("dumping %s: a row has no id", table.Name)
		}
		out := store.FullRow{ID: id.ID(number), Values: row[:key]}
		out.Words, _ = row[words].([]string)
		if out.Position, ok = row[at].(int64); table.Log && !ok {
			out.Position = position(out)
		}
		if err := d.w.Row(out); err != nil {
			return err
		}
	}
	return failed("dumping "+table.Name, found.Err())
}

// Load implements store.Store. Until all is there the tenant is listed as one that is
// being deleted, so that nobody sees it and the next who makes one of the name removes
// what was left.
func (s *Store) Load(ctx context.Context, name string, r io.Reader) (store.Tenant, error) {
	if !store.ValidTenant(name) {
		return nil, fault.New(fault.Invalid, "tenant.name")
	}
	if err := s.finishDeletion(ctx, name); err != nil {
		return nil, err
	}
	made := primitive.NewObjectIDFromTimestamp(s.now())
	l := listing{Name: name, Database: s.database(name, made), Made: made, Deleting: true}
	if _, err := s.tenants.InsertOne(ctx, l); driver.IsDuplicateKeyError(err) {
		return nil, fault.New(fault.Conflict, "tenant.exists", "tenant", name)
	} else if err != nil {
		return nil, failed("creating a tenant", err)
	}
	if err := store.ReadDump(r, &loading{ctx: ctx, t: s.tenant(l)}); err != nil {
		return nil, errors.Join(err, s.finishDeletion(context.WithoutCancel(ctx), name))
	}
	shown, err := s.tenants.UpdateOne(ctx, bson.D{{Key: "_id", Value: name}, {Key: "made", Value: made}}, bson.D{{Key: "$unset", Value: bson.D{{Key: "deleting", Value: ""}}}})
	if err == nil && shown.MatchedCount == 0 {
		return nil, fault.New(fault.Conflict, "tenant.exists", "tenant", name) // somebody else made one meanwhile
	}
	if err != nil {
		return nil, failed("creating a tenant", err)
	}
	l.Deleting = false
	return s.hold(l), nil
}

// loading is a store.Loader of a tenant that nobody sees.
type loading struct {
	ctx   context.Context
	t     *Tenant
	table store.Table
	end   int64 // the highest position of the table
}

func (l *loading) Stamp(format int) error {
	if format == 0 {
		return nil
	}
	return writeStamp(l.ctx, l.t.db, format)
}

func (l *loading) Table(table store.Table, end int64) error {
	l.table, l.end = table, end
	return l.t.define(l.ctx, table, nil)
}

func (l *loading) Rows(rows []store.FullRow) error {
	if err := l.made(); err != nil {
		return err
	}
	documents := make([]any, len(rows))
	for i, row := range rows {
		values := map[string]any{}
		for at, c := range l.table.Columns {
			values[c.Name] = row.Values[at]
		}
		if err := store.CheckRow(values, row.Words); err != nil {
			return fmt.Errorf("loading %s: %w", l.table.Name, err)
		}
		d := bson.D{{Key: keyField, Value: int64(row.ID)}}
		for at, c := range l.table.Columns {
			if row.Values[at] == nil {
				continue
			}
			encoded, err := encode(row.Values[at])
			if err != nil {
				return fmt.Errorf("loading %s, column %s: %w", l.table.Name, c.Name, err)
			}
			d = append(d, bson.E{Key: field(c.Name), Value: encoded})
		}
		if len(row.Words) > 0 {
			d = append(d, bson.E{Key: wordsField, Value: row.Words})
		}
		if l.table.Log {
			d = append(d, bson.E{Key: positionField, Value: row.Position})
			l.end = max(l.end, row.Position)
		}
		documents[i] = d
	}
	_, err := l.t.db.Collection(l.table.Name).InsertMany(l.ctx, documents)
	return failed("loading rows", err)
}

// made makes the collection of the table, for its rows or its positions.
func (l *loading) made() error {
	made, err := l.t.isMade(l.ctx, l.table.Name)
	if err != nil || made {
		return err
	}
	return l.t.makeCollection(l.ctx, l.table.Name)
}

func (l *loading) Indexes(indexes []store.Index) error {
	if l.table.Log && l.end > 0 {
		if err := l.made(); err != nil {
			return err
		}
	}
	known, err := l.t.defined(l.ctx, l.table.Name)
	if err != nil {
		return err
	}
	if d := known[l.table.Name]; d.Unmade != nil && !d.Claimed {
		return l.t.redefine(l.ctx, l.table.Name, d.Unmade, bson.D{{Key: "$set", Value: bson.D{{Key: "unmade", Value: d.Unmade.next(indexes)}}}})
	}
	if known[l.table.Name].Claimed {
		err = l.t.index(l.ctx, l.table.Name, indexes)
	} else {
		err = l.t.store.build(l.ctx, l.t.db.Collection(l.table.Name), indexes, false)
	}
	if err != nil || !l.table.Log {
		return err
	}
	return l.setHead(1)
}

// setHead has the positions of a log go on behind those of its rows.
func (l *loading) setHead(page int64) error {
	next := bson.D{{Key: "$set", Value: head{Page: page, First: l.end + 1, Rows: []int64{}}}}
	_, err := l.t.db.Collection(heads).UpdateOne(l.ctx, bson.D{{Key: "_id", Value: l.table.Name}}, next)
	return failed("making the head of the log "+l.table.Name, err)
}

// CopyLog implements store.Tenant.
func (t *Tenant) CopyLog(ctx context.Context, table store.Table, rows []store.FullRow) error {
	leave, err := t.changing(ctx)
	if err != nil {
		return err
	}
	defer leave()
	l := &loading{ctx: ctx, t: t, table: table}
	if err := l.made(); err != nil {
		return err
	}
	var newest head
	if err := t.db.Collection(heads).FindOne(ctx, bson.D{{Key: "_id", Value: table.Name}}).Decode(&newest); err != nil {
		return failed("reading the head of the log "+table.Name, err)
	}
	l.end = newest.end()
	if err := l.Rows(rows); err != nil {
		return err
	}
	return l.setHead(newest.Page + 1)
}
