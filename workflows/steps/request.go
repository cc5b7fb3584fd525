package steps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"formwork/engine/connection"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
	"formwork/workflows/outside"
)

// requestType asks something of an outside system.
var requestType = of[requestSettings]("request", workflows.Waits, `{
	"title": "Request",
	"description": "Asks something of an outside system over HTTP, and waits for the answer. A try that fails is repeated, after growing pauses; each carries the same Idempotency-Key. Later steps read steps.<name>.status, and what is taken out of the answer.",
	"required": ["connection"],
	"properties": {
		"connection": {"$ref": "#/$defs/name", "title": "Connection"},
		"method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"], "title": "Method", "default": "GET"},
		"path": {"$ref": "#/$defs/expression", "title": "Path", "description": "What follows the address of the connection.", "examples": ["'customers/' + number"]},
		"query": {
			"type": "object", "title": "Query", "description": "Parameters, each with an expression; an empty one is left out.", "maxProperties": 50,
			"additionalProperties": {"$ref": "#/$defs/expression"}, "examples": [{"q": "name"}]},
		"body": {
			"type": ["object", "array"], "title": "Body", "description": "JSON in which each text is an expression, whose value stands in its place.",
			"examples": [{"customer": {"name": "name", "city": "billing_address.city"}, "lines": ["amount"]}]},
		"answer": {
			"type": "object", "title": "Answer", "description": "What later steps read of the answer as steps.<name>.<this>, each with its place in the JSON.", "maxProperties": 50,
			"patternProperties": {"^[a-z][a-z0-9_]{0,62}$": {
				"type": "object", "required": ["at", "type"], "additionalProperties": false,
				"properties": {
					"at": {"type": "string", "maxLength": 500, "title": "At", "description": "A JSON pointer.", "examples": ["/data/0/id"]},
					"type": {"enum": ["text", "number", "checkbox"], "title": "Type"},
					"scale": {"type": "integer", "minimum": 0, "maximum": 9, "default": 0, "title": "Digits after the point"}}}},
			"additionalProperties": false, "examples": [{"number": {"at": "/id", "type": "text"}}]},
		"tries": {"type": "integer", "minimum": 1, "maximum": 12, "default": 6, "title": "Tries", "description": "How often it is tried where the system can't be reached, or says that it can't answer now."},
		"next": {"$ref": "#/$defs/next"}}}`)

type requestSettings struct {
	workflows.Next
	Connection string            `json:"connection"`
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	Query      map[string]string `json:"query"`
	Body       json.RawMessage   `json:"body"`
	Answer     map[string]taken  `json:"answer"`
	Tries      int64             `json:"tries"`
}

// taken is what is taken out of an answer.
type taken struct {
	At    string `json:"at"`
	Type  string `json:"type"`
	Scale int    `json:"scale"`
}

func (t taken) value() fieldtype.Value {
	switch t.Type {
	case "number":
		return fieldtype.Number(t.Scale)
	case "checkbox":
		return fieldtype.Loose(fieldtype.BoolKind, 0)
	}
	return fieldtype.Lines(maxTaken)
}

const (
	maxTaken   = 10_000 // characters of a text that is taken out of an answer
	usualTries = 6
)

type requesting struct {
	*requestSettings
	path  *expression.Program // nil: none
	query map[string]*expression.Program
	body  *written // nil: none
}

func (s *requestSettings) Compile(c *workflows.Compiling) workflows.Step {
	r := &requesting{requestSettings: s, query: map[string]*expression.Program{}}
	if r.Method == "" {
		r.Method = "GET"
	}
	if r.Tries == 0 {
		r.Tries = usualTries
	}
	c.Connection(s.Connection, connection.HTTP, "/connection")
	if s.Path != "" {
		r.path = c.Expression(s.Path, fieldtype.TextKind, -1, "/path")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Query)) {
		r.query[name] = loose(c, s.Query[name], "/query/"+metadata.EscapePointer(name))
	}
	if s.Body != nil {
		r.body = writtenOf(c, s.Body, "/body")
	}
	offered := []expression.Symbol{workflows.Offered("status", fieldtype.Number(0))}
	for _, name := range slices.Sorted(maps.Keys(s.Answer)) {
		if at := "/answer/" + name; name == "status" {
			c.Report(fault.New(fault.Invalid, "catalog.reserved_name", "name", name), at)
		} else if t := s.Answer[name]; t.At != "" && !strings.HasPrefix(t.At, "/") {
			c.Report(fault.New(fault.Invalid, "workflow.no_pointer"), at+"/at")
		} else {
			offered = append(offered, workflows.Offered(name, t.value()))
		}
	}
	c.Offer(offered...)
	return r
}

func (r *requesting) Do(x *workflows.Execution) (workflows.Outcome, error) {
	if x.Asked() == 0 {
		return r.ask(x)
	}
	reply, err := x.Acts.Called(x.Asked())
	if err != nil {
		return workflows.Outcome{}, err
	}
	result := map[string]any{}
	if reply.Status != 0 {
		result["status"] = reply.Status
	}
	switch {
	case reply.State == outside.Pending:
		return workflows.Outcome{Asked: x.Asked()}, nil
	case reply.State == outside.Failed:
		return workflows.Outcome{Result: result}, reply.Fault
	}
	r.take(reply.Body, result)
	return workflows.Outcome{Next: r.To, Result: result}, nil
}

// ask has the request made.
func (r *requesting) ask(x *workflows.Execution) (workflows.Outcome, error) {
	asks := outside.Request{Connection: r.Connection, Method: r.Method}
	if r.path != nil {
		v, err := x.Eval(r.path)
		if err != nil {
			return workflows.Outcome{}, err
		}
		asks.Path, _ = v.(string)
	}
	for name, p := range r.query {
		v, err := x.Eval(p)
		if err != nil {
			return workflows.Outcome{}, err
		}
		if v == nil {
			continue
		}
		if asks.Query == nil {
			asks.Query = url.Values{}
		}
		asks.Query.Set(name, p.Text(v))
	}
	if len(asks.Path)+len(asks.Query.Encode()) > outside.MaxAddress {
		return workflows.Outcome{}, fault.New(fault.TooLarge, "outside.long_address", "limit", outside.MaxAddress)
	}
	if r.body != nil {
		var err error
		if asks.Body, err = r.body.append(nil, x); err != nil {
			return workflows.Outcome{}, err
		}
	}
	key, err := x.Acts.Call(asks, r.Tries)
	return workflows.Outcome{Asked: key}, err
}

// take takes values out of an answer. What is not there, or not of the type, is empty.
func (r *requesting) take(body []byte, result map[string]any) {
	if len(r.Answer) == 0 || len(body) == 0 {
		return
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var whole any
	if d.Decode(&whole) != nil {
		return
	}
	for name, t := range r.Answer {
		found, ok := metadata.Find(whole, t.At)
		if n, isNumber := found.(json.Number); isNumber && t.Type == "text" {
			found = n.String()
		}
		if !ok || found == nil {
			continue
		}
		if v, problem := t.value().Coerce(found); problem == nil && v != nil {
			result[name] = v
		}
	}
}

// written is JSON in which expressions stand. Immutable.
type written struct {
	raw     json.RawMessage // what is written as it stands; nil: one of the others
	program *expression.Program
	names   []string // of an object
	of      []*written
}

func writtenOf(c *workflows.Compiling, raw json.RawMessage, at string) *written {
	switch raw[0] {
	case '"':
		var source string
		if json.Unmarshal(raw, &source) != nil {
			return &written{raw: json.RawMessage("null")}
		}
		return &written{program: loose(c, source, at)}
	case '[':
		var all []json.RawMessage
		if json.Unmarshal(raw, &all) != nil {
			return &written{raw: json.RawMessage("null")}
		}
		w := &written{of: []*written{}}
		for i, one := range all {
			w.of = append(w.of, writtenOf(c, one, fmt.Sprint(at, "/", i)))
		}
		return w
	case '{':
		var all map[string]json.RawMessage
		if json.Unmarshal(raw, &all) != nil {
			return &written{raw: json.RawMessage("null")}
		}
		w := &written{names: slices.Sorted(maps.Keys(all)), of: []*written{}}
		if w.names == nil {
			w.names = []string{}
		}
		for _, name := range w.names {
			w.of = append(w.of, writtenOf(c, all[name], at+"/"+metadata.EscapePointer(name)))
		}
		return w
	}
	return &written{raw: raw}
}

// append appends the JSON with the values of a run. Faults: those of expressions, outside.too_large as soon as it is.
func (w *written) append(dst []byte, x *workflows.Execution) ([]byte, error) {
	switch {
	case len(dst) > outside.MaxBody:
		return nil, fault.New(fault.TooLarge, "outside.too_large", "limit", outside.MaxBody)
	case w.raw != nil:
		return append(dst, w.raw...), nil
	case w.of == nil:
		v, err := x.Eval(w.program)
		if err != nil {
			return nil, err
		}
		return w.program.AppendJSON(dst, v), nil
	}
	open, end := byte('['), byte(']')
	if w.names != nil {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	var err error
	for i, one := range w.of {
		if i > 0 {
			dst = append(dst, ',')
		}
		if w.names != nil {
			name, _ := json.Marshal(w.names[i]) // a text can't fail
			dst = append(append(dst, name...), ':')
		}
		if dst, err = one.append(dst, x); err != nil {
			return nil, err
		}
	}
	if dst = append(dst, end); len(dst) > outside.MaxBody {
		return nil, fault.New(fault.TooLarge, "outside.too_large", "limit", outside.MaxBody)
	}
	return dst, nil
}

// loose compiles an expression whose value stands by itself, or reports that it does not.
func loose(c *workflows.Compiling, source, at string) *expression.Program {
	p := c.Expression(source, fieldtype.AnyKind, -1, at)
	if p != nil && fieldtype.Loose(p.Kind(), 0) == nil {
		c.Report(fault.New(fault.Invalid, "workflow.no_value"), at)
		return nil
	}
	return p
}
