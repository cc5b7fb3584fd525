package policy

import (
	"fmt"
	"strings"

	"formwork/engine/query"
)

// maxConditions is how big the filter of one decision may become.
const maxConditions = 2_000

// translation turns what OPA's filter compilation found (UCAST, as decoded JSON)
// into a filter.
type translation struct {
	// field finds what input.record.<name> is.
	field func(name string) (*field, error)
	// condition finds the filter of a name that stands for one ("when:vip"); ok is
	// false for names of fields.
	condition func(name string) (f query.Filter, ok bool, err error)
}

// filter translates a whole answer. nil is OPA's "no record at all". Everything else
// must carry the mark $, so that an empty answer is an error and never "everything".
func (t *translation) filter(ucast any) (query.Filter, error) {
	if ucast == nil {
		return query.Nothing, nil
	}
	node, ok := ucast.(map[string]any)
	if !ok || len(node) == 0 {
		return nil, fmt.Errorf("the policy's answer could not be expressed as a filter")
	}
	return t.node(node)
}

func (t *translation) node(node map[string]any) (query.Filter, error) {
	operator, _ := node["operator"].(string)
	switch node["type"] {
	case "compound":
		return t.compound(operator, node["value"])
	case "field":
		name, _ := node["field"].(string)
		return t.comparison(strings.TrimPrefix(name, "record."), operator, node["value"])
	}
	return nil, fmt.Errorf("unknown condition type %v", node["type"])
}

func (t *translation) compound(operator string, value any) (query.Filter, error) {
	nodes, ok := value.([]any)
	if !ok || len(nodes) == 0 {
		return nil, fmt.Errorf("%q without parts", operator)
	}
	parts := make([]query.Filter, len(nodes))
	for i, n := range nodes {
		node, ok := n.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%q of a %T", operator, n)
		}
		part, err := t.node(node)
		if err != nil {
			return nil, err
		}
		parts[i] = part
	}
	switch {
	case operator == "and":
		return query.All(parts), nil
	case operator == "or":
		return query.Any(parts), nil
	case operator == "not" && len(parts) == 1:
		return query.Not{Filter: parts[0]}, nil
	}
	return nil, fmt.Errorf("unknown operator %q", operator)
}

var operators = map[string]query.Op{
	"eq": query.Eq, "ne": query.Ne, "lt": query.Lt, "lte": query.Le, "gt": query.Gt, "gte": query.Ge,
}

func (t *translation) comparison(name, operator string, value any) (query.Filter, error) {
	if f, ok, err := t.condition(name); ok || err != nil {
		if err == nil && (operator != "eq" || value != true) {
			err = fmt.Errorf("condition %s with operator %q", name, operator)
		}
		return f, err
	}
	f, err := t.field(name)
	if err != nil {
		return nil, err
	}
	if op, ok := operators[operator]; ok {
		other, isField := value.(map[string]any)
		if !isField {
			return f.compare(op, value)
		}
		path, _ := other["field"].(string)
		g, err := t.field(strings.TrimPrefix(path, "record."))
		if err != nil {
			return nil, err
		}
		return f.compareField(op, g)
	}
	switch operator {
	case "in":
		switch value := value.(type) {
		case []any:
			return f.among(value)
		case map[string]any:
			return nil, fmt.Errorf("in with an object")
		}
		return query.Nothing, nil // nothing is in what is no collection
	case "startswith":
		return f.like(query.Start, value)
	case "endswith":
		return f.like(query.End, value)
	case "contains":
		return f.like(query.Anywhere, value)
	}
	return nil, fmt.Errorf("unknown operator %q", operator)
}
