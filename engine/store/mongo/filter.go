package mongo

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"formwork/engine/query"
)

// operators of a comparison with a constant. The server compares values of one
// type only, so that an absent one is neither less nor greater, and $ne holds for it.
var operators = [...]string{query.Eq: "$eq", query.Ne: "$ne", query.Lt: "$lt", query.Le: "$lte", query.Gt: "$gt", query.Ge: "$gte"}

// paths says where in a document the value of a reference is found.
type paths func(query.Ref) string

// condition is a simple filter (query.Simplify) in the server's language.
func condition(f query.Filter, at paths) bson.D {
	switch f := f.(type) {
	case nil:
		return bson.D{}
	case query.All:
		return bson.D{{Key: "$and", Value: conditions(f, at)}}
	case query.Any:
		if len(f) == 0 {
			return bson.D{{Key: keyField, Value: bson.D{{Key: "$in", Value: bson.A{}}}}}
		}
		return bson.D{{Key: "$or", Value: conditions(f, at)}}
	case query.Not:
		if in, ok := f.Filter.(query.In); ok {
			return bson.D{{Key: at(in.Ref), Value: bson.D{{Key: "$nin", Value: in.Values}}}}
		}
		return bson.D{{Key: "$nor", Value: bson.A{condition(f.Filter, at)}}}
	case query.Compare:
		return bson.D{{Key: at(f.Ref), Value: bson.D{{Key: operators[f.Op], Value: f.Value}}}}
	case query.CompareRefs:
		return bson.D{{Key: "$expr", Value: compareFields(at(f.Left), f.Op, at(f.Right))}}
	case query.In:
		return bson.D{{Key: at(f.Ref), Value: bson.D{{Key: "$in", Value: f.Values}}}}
	case query.Like:
		return bson.D{{Key: at(f.Ref), Value: like(f)}}
	case query.Has:
		return bson.D{{Key: at(f.Ref), Value: bson.D{{Key: "$eq", Value: f.Text}}}}
	}
	panic("mongo: not a filter of package query")
}

func conditions(parts []query.Filter, at paths) bson.A {
	all := make(bson.A, len(parts))
	for i, part := range parts {
		all[i] = condition(part, at)
	}
	return all
}

// compareFields compares two fields. Null, which stands for both kinds of absence,
// is less than every value: an ordering must ask for the lesser side's presence.
func compareFields(left string, op query.Op, right string) bson.D {
	l, r := orNull("$"+left), orNull("$"+right)
	comparison := bson.D{{Key: operators[op], Value: bson.A{l, r}}}
	lesser := l
	switch op {
	case query.Eq, query.Ne:
		return comparison
	case query.Gt, query.Ge:
		lesser = r
	}
	present := bson.D{{Key: "$ne", Value: bson.A{lesser, nil}}}
	return bson.D{{Key: "$and", Value: bson.A{present, comparison}}}
}

func orNull(expression any) bson.D {
	return bson.D{{Key: "$ifNull", Value: bson.A{expression, nil}}}
}

// like finds a text within a text: at the start by its bounds, which enter an
// index, else by a regular expression of literal characters.
func like(f query.Like) any {
	pattern := literal(f.Text)
	switch f.At {
	case query.Start:
		return startsWith(f.Text)
	case query.End:
		pattern += `\z`
	}
	return bson.D{{Key: "$regex", Value: primitive.Regex{Pattern: pattern}}}
}

// literal is a regular expression that matches a text.
func literal(text string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(text), "\x00", `\x00`)
}

// startsWith holds the texts with a prefix between bounds.
func startsWith(prefix string) bson.D {
	bounds := bson.D{{Key: "$gte", Value: prefix}}
	if after, ok := successor(prefix); ok {
		bounds = append(bounds, bson.E{Key: "$lt", Value: after})
	}
	return bounds
}

// successor is the least text greater than all that begin with prefix, in the
// order of UTF-8 bytes, which is that of code points; ok is false if there is none.
func successor(prefix string) (text string, ok bool) {
	runes := []rune(prefix)
	for len(runes) > 0 {
		last := &runes[len(runes)-1]
		switch {
		case *last == 0xD7FF:
			*last = 0xE000 // what lies between is no text
			return string(runes), true
		case *last < utf8.MaxRune:
			*last++
			return string(runes), true
		}
		runes = runes[:len(runes)-1]
	}
	return "", false
}

// wordConditions finds rows that hold every word. The longest comes first: an index over
// the words is entered by one of them, which should be one that few rows have. A pattern is used for a prefix,
// for each bound of a range might be met by another word; anchored and literal it
// enters the index as a range does.
func wordConditions(words []query.Word) bson.A {
	words = slices.Clone(words)
	slices.SortStableFunc(words, func(a, b query.Word) int { return cmp.Compare(len(b.Text), len(a.Text)) })
	all := make(bson.A, len(words))
	for i, w := range words {
		var one any = bson.D{{Key: "$eq", Value: w.Text}}
		if w.Prefix {
			one = bson.D{{Key: "$regex", Value: primitive.Regex{Pattern: "^" + literal(w.Text)}}}
		}
		all[i] = bson.D{{Key: wordsField, Value: one}}
	}
	return all
}

// eachRef calls visit for every reference in a filter, not those in guards.
func eachRef(f query.Filter, visit func(query.Ref)) {
	query.MapRefs(f, func(r query.Ref) query.Ref { visit(r); return r })
}
