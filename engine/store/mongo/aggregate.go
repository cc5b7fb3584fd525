package mongo

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// groups runs an Aggregate, within the session of ctx if there is one.
func (t *Tenant) groups(ctx context.Context, q query.Aggregate) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		c, err := t.choose(ctx, q.Filter, q.Words)
		if err != nil {
			yield(nil, err)
			return
		}
		if c.nothing {
			if len(q.Groups) == 0 {
				whole(emptyGroup(q.Measures), q, yield)
			}
			return
		}
		r, err := t.grouping(ctx, q, c)
		if err != nil {
			yield(nil, err)
			return
		}
		cursor, err := t.open(ctx, r)
		if err != nil {
			yield(nil, grouped(q.Table, err))
			return
		}
		defer cursor.Close(context.WithoutCancel(ctx))
		any := false
		for cursor.Next(ctx) {
			any = true
			row, err := groupRow(bsoncore.Document(cursor.Current), q)
			if err == nil && len(q.Groups) == 0 {
				whole(row, q, yield)
				return
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
		if err := cursor.Err(); err != nil {
			yield(nil, grouped(q.Table, err))
			return
		}
		if !any && len(q.Groups) == 0 {
			whole(emptyGroup(q.Measures), q, yield)
		}
	}
}

// whole yields the one row of an Aggregate without groups, unless Having refuses it. The
// server is not asked to, since it has no row at all where nothing was found.
func whole(row store.Row, q query.Aggregate, yield func(store.Row, error) bool) {
	if query.Match(q.Having, func(r query.Ref) any { return row[r.ResultIndex()] }) {
		yield(row, nil)
	}
}

// grouping plans an Aggregate. Groups that sort alike come in the order of their
// keys.
func (t *Tenant) grouping(ctx context.Context, q query.Aggregate, c chosen) (request, error) {
	joined := &joins{}
	stages, err := c.stages(ctx, t, joined, nil)
	if err != nil {
		return request{}, err
	}
	keys := bson.D{}
	for i, g := range q.Groups {
		keys = append(keys, bson.E{Key: keyName(i), Value: groupKey(g, "$"+joined.path(g.Ref))})
	}
	group := bson.D{{Key: "_id", Value: keys}}
	if len(q.Groups) == 0 {
		group = bson.D{{Key: "_id", Value: nil}}
	}
	measured := measuring{joined: joined}
	for i, m := range q.Measures {
		if err := measured.add(ctx, t, measureName(i), m); err != nil {
			return request{}, err
		}
	}
	more, err := joined.stages(ctx, t)
	if err != nil {
		return request{}, err
	}
	stages = append(append(stages, more...), bson.D{{Key: "$group", Value: append(group, measured.group...)}})
	stages = append(stages, measured.after()...)
	if len(q.Groups) > 0 {
		if having := query.Simplify(q.Having); having != nil {
			stages = append(stages, bson.D{{Key: "$match", Value: condition(having, resultPath(len(q.Groups)))}})
		}
		stages = append(stages, bson.D{{Key: "$sort", Value: groupOrder(q)}})
	}
	if q.Limit > 0 {
		stages = append(stages, bson.D{{Key: "$limit", Value: q.Limit}})
	}
	return request{table: q.Table, pipeline: stages, limit: q.Limit}, nil
}

func keyName(i int) string     { return "k" + strconv.Itoa(i) }
func measureName(i int) string { return "m" + strconv.Itoa(i) }

// resultPath says where the document of a group has a Result.
func resultPath(groups int) paths {
	return func(r query.Ref) string {
		if i := r.ResultIndex(); i >= groups {
			return measureName(i - groups)
		}
		return "_id." + keyName(r.ResultIndex())
	}
}

func groupOrder(q query.Aggregate) bson.D {
	keys := bson.D{}
	at, used := resultPath(len(q.Groups)), map[string]bool{}
	add := func(path string, descending bool) {
		if used[path] {
			return
		}
		used[path] = true
		direction := int32(1)
		if descending {
			direction = -1
		}
		keys = append(keys, bson.E{Key: path, Value: direction})
	}
	for _, o := range q.Sort {
		add(at(q.Result(o.Index)), o.Descending)
	}
	for i := range q.Groups {
		add("_id."+keyName(i), false)
	}
	return keys
}

// groupKey computes a key; null for the empty value.
func groupKey(g query.Group, path string) any {
	if g.By == query.ByValue {
		return orNull(path)
	}
	key := bucket(g, path)
	return bson.D{{Key: "$cond", Value: bson.A{
		bson.D{{Key: "$eq", Value: bson.A{orNull(path), nil}}}, nil, key}}}
}

// bucket computes the bucket of a value that is not empty. Instants are numbers
// of milliseconds, moved to their local time; dates are text, of which only a
// week needs more than a part.
func bucket(g query.Group, path string) any {
	if g.By == query.ByNumber {
		rest := bson.D{{Key: "$mod", Value: bson.A{path, g.Size}}} // has the sign of the value
		floor := bson.D{{Key: "$cond", Value: bson.A{bson.D{{Key: "$lt", Value: bson.A{rest, int64(0)}}}, g.Size, int64(0)}}}
		return bson.D{{Key: "$subtract", Value: bson.A{bson.D{{Key: "$subtract", Value: bson.A{path, rest}}}, floor}}}
	}
	if g.Ref.Column.Storage == fieldtype.Text && g.By != query.ByWeek {
		switch g.By {
		case query.ByMonth:
			return part(path, 0, 7)
		case query.ByQuarter:
			return quarter(part(path, 0, 4), part(path, 5, 2))
		case query.ByYear:
			return part(path, 0, 4)
		}
		return part(path, 0, 10)
	}
	date := bson.D{{Key: "$add", Value: bson.A{primitive.DateTime(g.Offset * 1000), path}}}
	if g.Ref.Column.Storage == fieldtype.Text {
		date = bson.D{{Key: "$dateFromString", Value: bson.D{{Key: "dateString", Value: path}, {Key: "format", Value: "%Y-%m-%d"}}}}
	}
	format := map[query.Bucket]string{query.ByDay: "%Y-%m-%d", query.ByWeek: "%G-W%V", query.ByMonth: "%Y-%m", query.ByYear: "%Y"}[g.By]
	if g.By == query.ByQuarter {
		return quarter(dateText(date, "%Y"), dateText(date, "%m"))
	}
	return dateText(date, format)
}

func dateText(date any, format string) bson.D {
	return bson.D{{Key: "$dateToString", Value: bson.D{{Key: "date", Value: date}, {Key: "format", Value: format}}}}
}

func part(path string, from, length int32) bson.D {
	return bson.D{{Key: "$substrBytes", Value: bson.A{path, from, length}}}
}

// quarter writes 2026-Q1 out of the texts of a year and a month.
func quarter(year, month any) bson.D {
	through := func(last, then string, otherwise any) any {
		return bson.D{{Key: "$cond", Value: bson.A{
			bson.D{{Key: "$lte", Value: bson.A{month, last}}}, then, otherwise}}}
	}
	return bson.D{{Key: "$concat", Value: bson.A{year, "-Q",
		through("03", "1", through("06", "2", through("09", "3", "4")))}}}
}

// groupRow reads a group.
func groupRow(d bsoncore.Document, q query.Aggregate) (store.Row, error) {
	row := make(store.Row, 0, len(q.Groups)+len(q.Measures))
	for i, g := range q.Groups {
		storage := g.Ref.Column.Storage
		if g.By != query.ByValue && g.By != query.ByNumber {
			storage = fieldtype.Text
		}
		key, _ := d.LookupErr("_id", keyName(i)) // none is empty
		v, err := decode(key, storage)
		if err != nil {
			return nil, fmt.Errorf("group %d: %w", i, err)
		}
		row = append(row, v)
	}
	for i, m := range q.Measures {
		value, _ := d.LookupErr(measureName(i))
		switch m.Op {
		case query.Min, query.Max, query.PercentileLow, query.PercentileHigh:
			v, err := decode(value, m.Ref.Column.Storage)
			if err != nil {
				return nil, fmt.Errorf("measure %d: %w", i, err)
			}
			row = append(row, v)
		default:
			n, fits := integer(value)
			if !fits {
				return nil, fault.New(fault.Limited, "query.overflow")
			}
			row = append(row, n)
		}
	}
	return row, nil
}

// emptyGroup is the one row of an Aggregate without groups that found nothing.
func emptyGroup(measures []query.Measure) store.Row {
	row := make(store.Row, len(measures))
	for i, m := range measures {
		switch m.Op {
		case query.Count, query.CountOf, query.Sum:
			row[i] = int64(0)
		}
	}
	return row
}
