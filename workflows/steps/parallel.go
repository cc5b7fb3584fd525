package steps

import (
	"fmt"

	"formwork/workflows"
)

// parallelType goes several ways at once.
var parallelType = of[parallelSettings]("parallel", workflows.Computes, `{
	"title": "Several ways at once",
	"description": "Goes several ways at once, each of which ends at a step without a next; where one waits, the others go on. Later steps read what was found on any of them.",
	"required": ["ways"],
	"properties": {
		"ways": {
			"type": "array", "title": "Ways", "minItems": 2, "maxItems": 10,
			"items": {
				"type": "object", "required": ["do"], "additionalProperties": false,
				"properties": {"do": {"$ref": "#/$defs/next", "title": "Do", "description": "The first of its steps, which belong to no other way."}}},
			"examples": [[{"do": "ask_sales"}, {"do": "ask_finance"}]]},
		"join": {"enum": ["all", "any"], "default": "all", "title": "Join", "description": "All: goes on when all of the ways have ended. Any: as soon as one has; what the others wait for is cancelled."},
		"next": {"$ref": "#/$defs/next"}}}`)

type parallelSettings struct {
	workflows.Next
	Go []struct {
		Do string `json:"do"`
	} `json:"ways"`
	Join string `json:"join"`
}

func (s *parallelSettings) Exits() []workflows.Exit { return append(s.Next.Exits(), s.Ways()...) }

// Ways implements workflows.Forks.
func (s *parallelSettings) Ways() []workflows.Exit {
	ways := make([]workflows.Exit, len(s.Go))
	for i, way := range s.Go {
		ways[i] = workflows.Exit{At: fmt.Sprintf("/ways/%d/do", i), To: way.Do}
	}
	return ways
}

func (s *parallelSettings) Compile(*workflows.Compiling) workflows.Step { return s }

func (s *parallelSettings) Do(x *workflows.Execution) (workflows.Outcome, error) {
	if x.Joined() {
		return workflows.Outcome{Next: s.To}, nil
	}
	outcome := workflows.Outcome{Any: s.Join == "any"}
	for _, way := range s.Go {
		outcome.Ways = append(outcome.Ways, way.Do)
	}
	return outcome, nil
}
