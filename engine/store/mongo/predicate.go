package mongo

import (
	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// predicate is a simple filter (query.Simplify) as an expression of the server that is true
// or false, for where a condition can't stand. There, values of all types are compared,
// absent ones among them, so each comparison asks for what it compares.
func predicate(f query.Filter, at paths) any {
	switch f := f.(type) {
	case nil:
		return true
	case query.All:
		return bson.D{{Key: "$and", Value: predicates(f, at)}}
	case query.Any:
		return bson.D{{Key: "$or", Value: predicates(f, at)}}
	case query.Not:
		return bson.D{{Key: "$not", Value: bson.A{predicate(f.Filter, at)}}}
	case query.Compare:
		return compareConstant("$"+at(f.Ref), f)
	case query.CompareRefs:
		return compareFields(at(f.Left), f.Op, at(f.Right))
	case query.In:
		return bson.D{{Key: "$in", Value: bson.A{orNull("$" + at(f.Ref)), constant(f.Values)}}}
	case query.Like:
		return matches("$"+at(f.Ref), f)
	case query.Has:
		list := bson.D{{Key: "$ifNull", Value: bson.A{"$" + at(f.Ref), bson.A{}}}}
		return bson.D{{Key: "$in", Value: bson.A{constant(f.Text), list}}}
	}
	panic("mongo: not a filter of package query")
}

func predicates(parts []query.Filter, at paths) bson.A {
	all := make(bson.A, len(parts))
	for i, part := range parts {
		all[i] = predicate(part, at)
	}
	return all
}

// constant is a value that the server does not read as the name of a field.
func constant(v any) bson.D { return bson.D{{Key: "$literal", Value: v}} }

func compareConstant(path string, f query.Compare) any {
	comparison := bson.D{{Key: operators[f.Op], Value: bson.A{orNull(path), constant(f.Value)}}}
	switch {
	case f.Op == query.Eq || f.Op == query.Ne:
		return comparison
	case !ofStorage(f.Value, f.Ref.Column.Storage):
		return false
	case f.Op == query.Lt || f.Op == query.Le: // than which what is absent is less
		return bson.D{{Key: "$and", Value: bson.A{bson.D{{Key: "$ne", Value: bson.A{orNull(path), nil}}}, comparison}}}
	}
	return comparison
}

// ofStorage reports whether a constant can be more or less than what a column holds.
func ofStorage(v any, s fieldtype.Storage) bool {
	switch v.(type) {
	case bool:
		return s == fieldtype.Bool
	case int64:
		return s == fieldtype.Int
	case string:
		return s == fieldtype.Text
	}
	return false
}

// matches finds a text within a text. What is absent matches nothing.
func matches(path string, f query.Like) bson.D {
	pattern := literal(f.Text)
	switch f.At {
	case query.Start:
		pattern = `\A` + pattern
	case query.End:
		pattern += `\z`
	}
	return bson.D{{Key: "$regexMatch", Value: bson.D{{Key: "input", Value: path}, {Key: "regex", Value: primitive.Regex{Pattern: pattern}}}}}
}
