package api

import (
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/metadata/fieldtype"
)

// TriedExpression is an expression that somebody is writing.
type TriedExpression struct {
	Object string `json:"object"` // over whose records it is
	Text   string `json:"text"`
	// Result is the kind of value that is wanted, as GET /schemas/field-types names kinds; any
	// when absent.
	Result string `json:"result,omitempty"`
	Filter bool   `json:"filter,omitempty"` // it has to run in the database, as a filter does
	Old    bool   `json:"old,omitempty"`    // it may read the record before a change, as rules do
	Record string `json:"record,omitempty" schema:"ID"`
}

// ExpressionTried is what becomes of an expression.
type ExpressionTried struct {
	Problems []Finding `json:"problems"`
	Kind     string    `json:"kind,omitempty"` // of the result
	// Value is the result on the record, Text the same to read; Failed says why there is none.
	Value  json.RawMessage `json:"value,omitempty"`
	Text   string          `json:"text,omitempty"`
	Failed string          `json:"failed,omitempty"`
}

// FunctionHelp tells of a function of expressions.
type FunctionHelp struct {
	Name    string `json:"name"`
	Group   string `json:"group" enum:"text,number,date,rows,other"`
	Form    string `json:"form"`              // how it is written
	Says    string `json:"says"`              // what it gives
	Example string `json:"example,omitempty"` // that can be written anywhere
}

// tryExpression is POST /expressions.
func (s *Server) tryExpression(r *request) error {
	var in TriedExpression
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	trial := record.Trial{Text: in.Text, Filter: in.Filter, Old: in.Old}
	var ok bool
	if in.Result != "" {
		if trial.Result, ok = fieldtype.KindOf(in.Result); !ok {
			return fault.New(fault.Invalid, "api.bad_parameter", "name", "result", "want", strings.Join(fieldtype.Kinds(), ", ")).At("/result")
		}
	}
	if in.Record != "" {
		if trial.Record, ok = id.Parse(in.Record); !ok {
			return fault.New(fault.NotFound, "api.bad_id", "id", clip(in.Record)).At("/record")
		}
	}
	tried, err := r.records().Try(r.ctx, in.Object, trial)
	if err != nil {
		return err
	}
	answer := ExpressionTried{Problems: findingsOf(tried.Problems, r.language()), Value: tried.Value, Text: tried.Text}
	if len(tried.Problems) == 0 {
		answer.Kind = tried.Kind.String()
	}
	if tried.Failed != nil {
		answer.Failed = tried.Failed.Text(r.language())
	}
	return r.json(fiber.StatusOK, answer)
}

// functions is GET /schemas/functions.
func (s *Server) functions(r *request) error {
	answer := List[FunctionHelp]{Items: []FunctionHelp{}}
	for _, f := range expression.Functions(r.language()) {
		answer.Items = append(answer.Items, FunctionHelp(f))
	}
	return r.json(fiber.StatusOK, answer)
}
