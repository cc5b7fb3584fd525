package fieldtype

import (
	"slices"

	"formwork/engine/fault"
	"formwork/metadata"
)

// Uses is what filters, lists and aggregations do with the values of a stored field,
// so that a client needs no table of its own. It follows from the kind and the storage
// of the value, by the same rules by which the engine accepts or refuses: a test holds
// the two against each other.
type Uses struct {
	// Kind is what the value is in an expression.
	Kind string `json:"kind" enum:"any,text,number,boolean,date,datetime,time,duration,reference,list,rows,object,link"`
	// Operators are those that a filter may have on the field; "empty" stands for
	// "== nil" and "!= nil", "contains" of a list for one of its texts.
	Operators []string `json:"operators" enum:"empty,==,!=,<,<=,>,>=,in,contains,startsWith,endsWith"`
	// Sort is what a list is sorted by: the value, the text without regard to case and
	// width (of names, and fields that are unique or indexed), the name of the option, or
	// the id, which is the time of making. Absent: it can't be sorted by the field.
	Sort string `json:"sort,omitempty" enum:"value,text,option,id"`
	// Measures are those of aggregations.
	Measures []string `json:"measures,omitempty" enum:"count,min,max,sum,avg,median,percentile"`
	// Groups are the ways to group by the field; "size" stands for a number, the size of
	// a group.
	Groups []string `json:"groups,omitempty" enum:"value,day,week,month,quarter,year,size"`
	// Parts are the uses of the parts of the value, which are fields by themselves:
	// address.city.
	Parts map[string]Uses `json:"parts,omitempty"`
}

var kindNames = [...]string{AnyKind: "any", TextKind: "text", NumberKind: "number", BoolKind: "boolean", DateKind: "date",
	DatetimeKind: "datetime", TimeKind: "time", DurationKind: "duration", ReferenceKind: "reference", ListKind: "list",
	RowsKind: "rows", ObjectKind: "object", LinkKind: "link"}

// String is what descriptions of fields call a kind.
func (k Kind) String() string { return kindNames[k] }

// Kinds are what kinds are called.
func Kinds() []string { return slices.Clone(kindNames[:]) }

// KindOf finds a kind by that; ok is false for none.
func KindOf(name string) (k Kind, ok bool) {
	i := slices.Index(kindNames[:], name)
	return Kind(max(i, 0)), i >= 0
}

// UsesOf says what can be done with a field that is stored.
func UsesOf(v Value) Uses {
	u := Uses{Kind: v.Kind().String(), Operators: operatorsOf(v.Kind()), Sort: sortOf(v)}
	if u.Sort != "" {
		u.Measures = []string{"count", "min", "max"}
		u.Groups = []string{"value"}
	}
	switch v.Kind() {
	case NumberKind, DurationKind:
		u.Measures = append(u.Measures, "sum", "avg", "median", "percentile")
		u.Groups = append(u.Groups, "size")
	case BoolKind:
		u.Measures = append(u.Measures, "sum", "avg")
	case DateKind, DatetimeKind:
		u.Groups = append(u.Groups, "day", "week", "month", "quarter", "year")
	}
	if of, ok := v.(Parts); ok {
		u.Parts = map[string]Uses{}
		for _, part := range of.Parts() {
			u.Parts[part.Name] = UsesOf(part.Value)
		}
	}
	return u
}

// operatorsOf are the operators that a kind of value has in a filter.
func operatorsOf(k Kind) []string {
	operators := []string{"empty"}
	switch k {
	case TextKind:
		operators = append(operators, "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith")
	case NumberKind, DateKind, DatetimeKind, TimeKind, DurationKind:
		operators = append(operators, "==", "!=", "<", "<=", ">", ">=", "in")
	case BoolKind, ReferenceKind:
		operators = append(operators, "==", "!=", "in")
	case ListKind:
		operators = append(operators, "contains")
	}
	return operators
}

// sortOf is what a list is sorted by, "" for what has no order.
func sortOf(v Value) string {
	switch {
	case !Ordered(v):
		return ""
	case is[Refers](v):
		return "id"
	case is[Chooses](v):
		return "option"
	}
	return "value"
}

// Uses says what can be done with stored fields of a type. ok is false for types that
// derive from others: theirs are those of the result.
func (r *Registry) Uses(name string) (u Uses, ok bool) {
	t, known := r.types[name]
	if !known || is[Derives](t) {
		return u, false
	}
	f := &metadata.Field{Type: name}
	if s, needs := t.(Samples); needs {
		f.Settings = []byte(s.Sample())
	}
	v, problems := t.Bind(name, f, sampleContext{r})
	if problems != nil {
		panic("field type " + name + " can't be bound with its sample: " + problems[0].Error())
	}
	return UsesOf(v), true
}

// MayResult lists the types that formulas and roll-ups may result in, sorted.
func (r *Registry) MayResult() []string {
	return slices.DeleteFunc(r.Names(), func(name string) bool { return !is[Results](r.types[name]) })
}

// sampleContext is where a field is bound whose type alone matters: there is one
// document of every kind, user.
type sampleContext struct{ types *Registry }

func (sampleContext) Pattern(text string) (*Pattern, *fault.Fault) { return CompilePattern(text) }

func (sampleContext) Options(string) (map[string]*metadata.Option, bool) { return nil, false }
func (sampleContext) Names(string) []string                              { return []string{"user"} }
func (c sampleContext) Type(name string) (Type, bool)                    { return c.types.Type(name) }
