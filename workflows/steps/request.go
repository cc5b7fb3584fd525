package steps

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"

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
		"body": {"$ref": "#/$defs/written", "title": "Body"},
		"answer": {"$ref": "#/$defs/taken", "title": "Answer", "description": "What later steps read of the answer as steps.<name>.<this>, each with its place in the JSON. An answer without what is required did not succeed."},
		"tries": {"type": "integer", "minimum": 1, "maximum": 12, "default": 6, "title": "Tries", "description": "How often it is tried where the system can't be reached, or says that it can't answer now."},
		"next": {"$ref": "#/$defs/next"}}}`)

type requestSettings struct {
	workflows.Next
	Connection string            `json:"connection"`
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	Query      map[string]string `json:"query"`
	Body       json.RawMessage   `json:"body"`
	Answer     workflows.Takings `json:"answer"`
	Tries      int64             `json:"tries"`
}

const usualTries = 6

// Retries implements workflows.Tries.
func (*requestSettings) Retries() {}

type requesting struct {
	*requestSettings
	path  *expression.Program // nil: none
	query map[string]*expression.Program
	body  *workflows.Written // nil: none
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
		r.query[name] = c.Loose(s.Query[name], "/query/"+metadata.EscapePointer(name))
	}
	if s.Body != nil {
		r.body = workflows.WrittenOf(c, s.Body, "/body")
	}
	c.Offer(append(s.Answer.Offer(c, "/answer", "status"), workflows.Offered("status", fieldtype.Number(0)))...)
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
	taken, err := workflows.Ask(x.Tape(), func() (map[string]any, error) { return r.take(reply.Body), nil }, "take")
	if err != nil {
		return workflows.Outcome{}, err
	}
	maps.Copy(result, taken)
	if missing := r.missing(result); missing != nil {
		return workflows.Outcome{Result: result}, missing
	}
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
	for _, name := range slices.Sorted(maps.Keys(r.query)) {
		p := r.query[name]
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
		if asks.Body, err = r.body.Append(nil, x); err != nil {
			return workflows.Outcome{}, err
		}
	}
	key, err := x.Acts.Call(asks, r.Tries)
	return workflows.Outcome{Asked: key}, err
}

// take takes values out of an answer. What is not there, or not of the type, is empty.
func (r *requesting) take(body []byte) map[string]any {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var whole any
	if d.Decode(&whole) != nil {
		whole = nil
	}
	values, _ := r.Answer.Take(whole)
	return values
}

// missing is what was required of an answer and not taken out of it. Fault outside.not_in_answer (Conflict).
func (r *requesting) missing(values map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(r.Answer)) {
		if t := r.Answer[name]; t.Required && values[name] == nil {
			return fault.New(fault.Conflict, "outside.not_in_answer", "pointer", t.At)
		}
	}
	return nil
}
