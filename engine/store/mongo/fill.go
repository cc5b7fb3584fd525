package mongo

import (
	"context"
	"math"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/bson"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

const (
	fillRows  = 500 // whose claims are added by one transaction
	fillLeast = 5   // by one that others keep from ending
	// writesEnd is longer than a write goes on after it asked the registry: a server ends
	// transactions that take a minute.
	writesEnd = 65 * time.Second
)

// claimKeys makes the keys that are claimed of a table which has a collection those that are
// wanted. Those of which rows have no claims are filled; fault "store.not_unique" if rows are
// alike in one, which is no key then.
func (t *Tenant) claimKeys(ctx context.Context, table string, d definition, wanted []store.Index) error {
	if err := t.declareKeys(ctx, table, d, wanted); err != nil {
		return err
	}
	return t.fillKeys(ctx, table)
}

// declareKeys is the first step of claimKeys.
func (t *Tenant) declareKeys(ctx context.Context, table string, d definition, wanted []store.Index) error {
	var obsolete []uniqueKey
	for _, key := range d.Unique {
		if !slices.ContainsFunc(wanted, func(want store.Index) bool { return same(key.index(), want) }) {
			obsolete = append(obsolete, key)
		}
	}
	if err := t.undeclare(ctx, table, obsolete); err != nil {
		return err
	}
	var fresh []store.Index
	for _, want := range wanted {
		if key, has := d.Unique[field(want.Name)]; !has || !same(key.index(), want) {
			fresh = append(fresh, want)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return t.declare(ctx, func(ctx context.Context, number int64) error {
		set := bson.D{}
		for _, index := range fresh {
			set = append(set, declared(index, number, true))
		}
		_, err := t.db.Collection(definitions).UpdateOne(ctx, bson.D{{Key: "_id", Value: table}}, bson.D{{Key: "$set", Value: set}})
		return failed("declaring the keys of "+table, err)
	})
}

// fillKeys fills the keys of a table that are not, once all writes have ended that do not
// know of them.
func (t *Tenant) fillKeys(ctx context.Context, table string) error {
	known, err := t.defined(ctx, table)
	if err != nil {
		return err
	}
	for _, key := range known[table].Unique {
		if !key.Filling {
			continue
		}
		if err := t.outlastWrites(ctx, key.Number); err != nil {
			return err
		}
		if err := t.fill(ctx, table, key); err != nil {
			if isRefusal(err) {
				if dropped := t.undeclare(ctx, table, []uniqueKey{key}); dropped != nil {
					return dropped
				}
				if dropped := dropIndex(ctx, t.db.Collection(table), finder+key.Name); dropped != nil {
					return dropped
				}
			}
			return err
		}
		filled := bson.D{{Key: "$set", Value: bson.D{{Key: keyPath(key.Name, "filling"), Value: false}}}}
		_, err := t.db.Collection(definitions).UpdateOne(ctx, bson.D{{Key: "_id", Value: table}, {Key: keyPath(key.Name, "number"), Value: key.Number}}, filled)
		if err != nil {
			return failed("declaring the keys of "+table, err)
		}
	}
	return nil
}

// outlastWrites waits until the writes have ended that may not know of a change of keys,
// unless it did that before. Without transactions those of this process have, and nothing
// is promised of others.
func (t *Tenant) outlastWrites(ctx context.Context, change int64) error {
	if !t.store.transactions || t.unseen || t.outlasted.Load() >= change {
		return nil
	}
	l, err := t.listing(ctx)
	if err != nil {
		return err
	}
	timer := time.NewTimer(t.store.writesEnd)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		t.outlasted.Store(l.Claiming)
		return nil
	}
}

// fill adds the claims of a key that rows lack.
func (t *Tenant) fill(ctx context.Context, table string, key uniqueKey) error {
	q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: fillRows}
	for _, c := range key.index().Columns {
		q.Columns = append(q.Columns, query.Field(c.Column))
	}
	for last, more := int64(math.MinInt64), true; more; {
		q.Filter = query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: last}
		page, found := last, 0
		err := t.write(ctx, func(w store.Tx) error {
			found = 0
			wanted := map[string]id.ID{}
			for row, err := range w.Select(ctx, q) {
				if err != nil {
					return err
				}
				page, found = row[0].(int64), found+1
				values := map[string]any{}
				for i, c := range key.Columns {
					values[c.Field] = row[i+1]
				}
				claim, ok := key.claim(table, values)
				if !ok {
					continue
				}
				if _, twice := wanted[claim]; twice {
					return notUnique(key.Name, nil)
				}
				wanted[claim] = id.ID(page)
			}
			return w.(*tx).fill(ctx, table, key, wanted)
		})
		if fault.Is(err, "store.busy") && q.Limit > fillLeast {
			q.Limit /= 5 // others change these rows all the time
			continue
		}
		if err != nil {
			return err
		}
		last, more = page, found == q.Limit
	}
	return nil
}

// fill adds those of the claims that are not there, and locks their rows: a write that
// changes one of them at the same time is begun anew, or this is.
func (x *tx) fill(ctx context.Context, table string, key uniqueKey, wanted map[string]id.ID) error {
	if len(wanted) == 0 {
		return nil
	}
	there, err := x.claimants(x.within(ctx), wanted)
	if err != nil {
		return x.note(err)
	}
	var missing []any
	for claim, row := range wanted {
		switch has, ok := there[claim]; {
		case !ok:
			missing = append(missing, newClaim(claim, row))
			if err := x.Lock(ctx, table, row); err != nil {
				return err
			}
		case has != row:
			return notUnique(key.Name, nil)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	x.changed = true
	operation, done := x.operation(ctx)
	defer done()
	_, err = x.t.db.Collection(claims).InsertMany(operation, missing)
	return x.note(failed("filling the key "+key.Name+" of "+table, err))
}

// claimants are the rows for which claims are there.
func (x *tx) claimants(ctx context.Context, wanted map[string]id.ID) (map[string]id.ID, error) {
	ids := make([]any, 0, len(wanted))
	for claim := range wanted {
		ids = append(ids, claim)
	}
	cursor, err := x.t.db.Collection(claims).Find(ctx, amongKeys(ids))
	if err != nil {
		return nil, failed("reading claims", err)
	}
	var found []struct {
		Claim string `bson:"_id"`
		Row   int64  `bson:"row"`
	}
	if err := cursor.All(ctx, &found); err != nil {
		return nil, failed("reading claims", err)
	}
	there := make(map[string]id.ID, len(found))
	for _, one := range found {
		there[one.Claim] = id.ID(one.Row)
	}
	return there, nil
}
