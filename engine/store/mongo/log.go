package mongo

import (
	"context"
	"iter"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// A row is appended to a log without a position, so that writers do not wait for each
// other. It is given one by whoever reads the log, once it is committed.
//
// A log has one document, its head, that names the rows of the newest page: those that
// are given positions together. A page is made in four steps, each of which may be
// repeated, by any number of processes:
//
//  1. The head is read, and its rows are given their positions if they have none.
//  2. Rows without a position are read, in their order.
//  3. The head becomes that of a new page with these rows, if it still is the one that
//     was read in step 1. This is a change of one document, so of two processes one
//     begins anew.
//  4. The rows of the new page are given their positions, in rising order.
//
// So no page is made before the rows of the page before have all got their positions,
// and a row is in one page only. A process that dies after step 3 leaves step 4 to the
// next reader. No transaction, lease or clock is needed for any of this.
//
// The order of rows without a position is that of stampField, which the server sets
// when a row is inserted, and then of the key. A Write that begins after another was
// committed inserts its rows later on the same primary, or on one that has the commit,
// and cluster time rises with every commit; so its stamps are higher. Both Writes are
// in the state that step 2 reads, or only the earlier. A server without transactions is
// not trusted to set a time (compatible ones do not); there the stamp is a count, which
// costs a request and keeps nobody waiting that a transaction holds.

const (
	positionField = "_position"
	stampField    = "_stamp"
	logIndex      = "_log"
	heads         = "formwork.logs" // collection of the heads of logs
	pageRows      = 500             // in a page, at most
)

var (
	position = query.Column{Name: positionField, Storage: fieldtype.Int}
	stamp    = query.Column{Name: stampField}
)

// head is the newest page of a log.
type head struct {
	Page  int64   `bson:"page"`  // counts the pages
	First int64   `bson:"first"` // position of the first row
	Rows  []int64 `bson:"rows"`  // keys
}

// end is the position of the last row.
func (h head) end() int64 { return h.First + int64(len(h.Rows)) - 1 }

// placed is a page whose rows are known to have their positions.
type placed struct{ page, end int64 }

// defineLog makes the index and the head of a log.
func (t *Tenant) defineLog(ctx context.Context, collection *driver.Collection) error {
	_, err := collection.Indexes().CreateOne(ctx, driver.IndexModel{
		Keys:    bson.D{{Key: positionField, Value: 1}, {Key: stampField, Value: 1}, {Key: keyField, Value: 1}},
		Options: options.Index().SetName(logIndex),
	}, t.store.building())
	if err != nil {
		return failed("building the index of the log "+collection.Name(), err)
	}
	fresh := bson.D{{Key: "page", Value: int64(0)}, {Key: "first", Value: int64(1)}, {Key: "rows", Value: bson.A{}}}
	_, err = t.db.Collection(heads).UpdateOne(ctx, bson.D{{Key: "_id", Value: collection.Name()}},
		bson.D{{Key: "$setOnInsert", Value: fresh}}, options.Update().SetUpsert(true))
	if driver.IsDuplicateKeyError(err) {
		return nil // another process was faster
	}
	return failed("making the head of the log "+collection.Name(), err)
}

// Append implements store.LogWriter.
func (x *tx) Append(ctx context.Context, table string, key id.ID, values map[string]any) error {
	if err := x.usable(ctx); err != nil {
		return err
	}
	if err := x.intoMade(ctx, table); err != nil {
		return err
	}
	var stamp any = primitive.Timestamp{} // the server puts its time there
	switch {
	case x.pending != nil:
		x.pending.table(table).unplaced = true
	case x.session == nil:
		n, err := x.t.tick(ctx, table, 1)
		if err != nil {
			return err
		}
		stamp = n
	}
	return x.insert(ctx, table, key, values, nil, bson.E{Key: stampField, Value: stamp})
}

// tick counts rows that are appended on a server without transactions; it returns the
// number of the last.
func (t *Tenant) tick(ctx context.Context, table string, rows int64) (n int64, err error) {
	var counted struct {
		N int64 `bson:"appended"`
	}
	err = t.db.Collection(heads).FindOneAndUpdate(ctx, bson.D{{Key: "_id", Value: table}}, bson.D{{Key: "$inc", Value: bson.D{{Key: "appended", Value: rows}}}},
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&counted)
	return counted.N, failed("counting the rows of the log "+table, err)
}

// TrimLog implements store.LogWriter.
func (x *tx) TrimLog(ctx context.Context, table string, through int64) (int64, error) {
	return x.DeleteWhere(ctx, table, query.Compare{Ref: query.Field(position), Op: query.Le, Value: through})
}

// ReadLog implements store.LogReader. It reads no further than to where all rows are
// known to have their positions, so that it does not depend on a find being of one state.
func (t *Tenant) ReadLog(ctx context.Context, q store.LogRead) iter.Seq2[store.Row, error] {
	columns := []query.Ref{query.Field(position)}
	for _, c := range q.Columns {
		columns = append(columns, query.Field(c))
	}
	return func(yield func(store.Row, error) bool) {
		after, left := q.After, max(q.Limit, 1)
		for end := t.placedIn(q.Table).end; ; {
			if after < end {
				between := query.All{
					query.Compare{Ref: query.Field(position), Op: query.Gt, Value: after},
					query.Compare{Ref: query.Field(position), Op: query.Le, Value: end},
				}
				page := query.Select{Table: q.Table, Columns: columns, Filter: between, Sort: []query.Order{{Ref: columns[0]}}, Limit: left}
				for row, err := range t.Select(ctx, page) {
					if !yield(row, err) || err != nil {
						return
					}
					left--
				}
				after = end
			}
			if left == 0 {
				return
			}
			var err error
			if end, err = t.place(ctx, q.Table); err != nil {
				yield(nil, err)
				return
			}
			if end <= after {
				return
			}
		}
	}
}

// LogEnd implements store.LogReader. A page that is not full has all rows of writes that were
// acknowledged before, so that it comes to an end while others go on writing.
func (t *Tenant) LogEnd(ctx context.Context, table string) (int64, error) {
	for end := int64(-1); ; {
		further, err := t.place(ctx, table)
		if err != nil || end >= 0 && further-end < int64(t.store.pageRows) {
			return further, err
		}
		end = further
	}
}

// CountLog implements store.LogReader.
func (t *Tenant) CountLog(ctx context.Context, table string, after int64, limit int) (int64, error) {
	if err := t.ready(ctx); err != nil {
		return 0, err
	}
	counted := int64(0)
	for _, filter := range []bson.D{
		{{Key: positionField, Value: bson.D{{Key: "$gt", Value: after}}}},
		{{Key: positionField, Value: nil}},
	} {
		n, err := t.db.Collection(table).CountDocuments(ctx, filter, options.Count().SetLimit(int64(limit)))
		if err != nil {
			return 0, failed("counting the rows of the log "+table, err)
		}
		counted += n
	}
	return min(counted, int64(limit)), nil
}

// place gives positions to a page of rows that have none. It returns the position up to
// which every row has its own.
func (t *Tenant) place(ctx context.Context, table string) (end int64, err error) {
	leave, err := t.changing(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	if !t.store.transactions {
		// Nothing that a Write under way may take back is given a position.
		select {
		case t.alone <- struct{}{}:
			defer func() { <-t.alone }()
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	for try := 1; ; try++ {
		end, lost, err := t.placePage(ctx, table)
		if err != nil || !lost {
			return end, err
		}
		if err := pause(ctx, try); err != nil {
			return 0, err
		}
	}
}

// placePage is a try of place; lost: another process has made a page meanwhile.
func (t *Tenant) placePage(ctx context.Context, table string) (end int64, lost bool, err error) {
	newest, err := t.head(ctx, table)
	if err != nil || newest == nil { // nothing was ever appended
		return 0, false, err
	}
	rows, err := t.unplaced(ctx, table)
	if err != nil {
		return 0, false, err
	}
	if t.placedIn(table).page < newest.Page {
		if len(rows) > 0 { // else the head's have theirs
			if err := t.placeRows(ctx, table, *newest); err != nil {
				return 0, false, err
			}
			if rows, err = t.unplaced(ctx, table); err != nil {
				return 0, false, err
			}
		}
		t.setPlaced(table, placed{newest.Page, newest.end()})
	}
	if len(rows) == 0 {
		// Rows that had none may have got theirs since the head was read, from another that made a page of them.
		now, err := t.head(ctx, table)
		return newest.end(), err == nil && (now == nil || now.Page != newest.Page), err
	}
	next := head{Page: newest.Page + 1, First: newest.end() + 1, Rows: rows}
	found := bson.D{{Key: "_id", Value: table}, {Key: "page", Value: newest.Page}}
	result, err := t.db.Collection(heads).UpdateOne(ctx, found, bson.D{{Key: "$set", Value: next}})
	if err != nil {
		return 0, false, failed("writing the head of the log "+table, err)
	}
	if result.MatchedCount == 0 {
		return 0, true, nil
	}
	if err := t.placeRows(ctx, table, next); err != nil {
		return 0, false, err
	}
	t.setPlaced(table, placed{next.Page, next.end()})
	return next.end(), false, nil
}

// head is the head of a log; nil if there is none.
func (t *Tenant) head(ctx context.Context, table string) (*head, error) {
	var newest head
	err := t.db.Collection(heads).FindOne(ctx, bson.D{{Key: "_id", Value: table}}).Decode(&newest)
	if err == driver.ErrNoDocuments {
		return nil, nil
	}
	if err != nil {
		return nil, failed("reading the head of the log "+table, err)
	}
	return &newest, nil
}

// unplaced are the keys of rows without a position, at most a page, in their order.
func (t *Tenant) unplaced(ctx context.Context, table string) (keys []int64, err error) {
	q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Filter: query.Is(position, nil),
		Sort: []query.Order{{Ref: query.Field(stamp)}, {Ref: query.Field(query.ID)}}, Limit: t.store.pageRows}
	for row, err := range t.Select(ctx, q) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, row[0].(int64))
	}
	return keys, nil
}

// placeRows gives the rows of a page their positions, one after the other.
func (t *Tenant) placeRows(ctx context.Context, table string, page head) error {
	var updates []driver.WriteModel
	for i, key := range page.Rows {
		updates = append(updates, driver.NewUpdateOneModel().
			SetFilter(bson.D{{Key: keyField, Value: key}, {Key: positionField, Value: nil}}).
			SetUpdate(bson.D{{Key: "$set", Value: bson.D{{Key: positionField, Value: page.First + int64(i)}}}}))
	}
	if len(updates) == 0 {
		return nil
	}
	_, err := t.change(ctx, t.db.Collection(table), updates)
	return failed("placing rows of the log "+table, err)
}

// placedIn is what is known of a log; nothing of a handle that is new.
func (t *Tenant) placedIn(table string) placed {
	known, ok := t.logs.Load(table)
	if !ok {
		return placed{page: -1}
	}
	return known.(placed)
}

// setPlaced keeps what is known of a log, unless more is known.
func (t *Tenant) setPlaced(table string, p placed) {
	for {
		known, loaded := t.logs.LoadOrStore(table, p)
		if !loaded || known.(placed).page >= p.page || t.logs.CompareAndSwap(table, known, p) {
			return
		}
	}
}
