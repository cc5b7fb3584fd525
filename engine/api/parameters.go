package api

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/api/openapi"
	"formwork/engine/job"
	"formwork/engine/record"
	"formwork/engine/transfer"
)

// asked is a parameter that a route takes, as the description of the API shows it.
// Handlers read them by their names; tests hold the two against each other.
type asked struct {
	name   string
	says   string
	schema openapi.Schema
	in     string // "query" when empty
}

// The kinds of parameters.
var (
	aText     = openapi.Schema{"type": "string"}
	aFlag     = openapi.Schema{"type": "boolean", "default": false}
	someTexts = openapi.Schema{"type": "array", "items": aText}
	aNumber   = openapi.Schema{"type": "integer", "format": "int64", "minimum": 0}
)

// upTo is a number of things.
func upTo(most, usual int) openapi.Schema {
	return openapi.Schema{"type": "integer", "minimum": 0, "maximum": most, "default": usual}
}

// oneOf is one of some texts.
func oneOf(values ...string) openapi.Schema {
	return openapi.Schema{"type": "string", "enum": openapi.Options(values...)}
}

var (
	filterParameter  = asked{name: "filter", says: "An expression: created_at > now() - days(30) && owner.active.", schema: aText}
	wordsParameter   = asked{name: "q", says: "Words to find.", schema: aText}
	sortedParameter  = asked{name: "sort", says: "Fields, separated by commas; -amount descends.", schema: someTexts}
	fieldsParameter  = asked{name: "fields", says: "Fields of the answer, separated by commas, and no others; owner.name reaches through a lookup.", schema: someTexts}
	cursorParameter  = asked{name: "cursor", says: "The “next” of the page before.", schema: aText}
	countParameter   = asked{name: "count", says: "Also says how many there are in all.", schema: aFlag}
	limitParameter   = asked{name: "limit", says: "At most so many; 0 for the usual number.", schema: upTo(record.MaxLimit, record.DefaultLimit)}
	layerParameter   = asked{name: "layer", says: "“own” for the tenant's own layer, as it was submitted.", schema: oneOf("own")}
	bomParameter     = asked{name: "bom", says: "Begins a CSV file with a byte order mark, by which Excel knows that it is UTF-8.", schema: aFlag}
	versionParameter = asked{name: fiber.HeaderIfMatch, says: "The version that the change is meant for: \"3\".", schema: aText, in: "header"}
	knownParameter   = asked{name: fiber.HeaderIfNoneMatch, says: "The ETag of an answer that is there already.", schema: aText, in: "header"}
)

// What routes take.
var (
	none      []asked
	selecting = []asked{fieldsParameter}
	guarded   = []asked{versionParameter}
	marking   = []asked{bomParameter}
	cached    = []asked{knownParameter}
	layered   = []asked{layerParameter, knownParameter}
	paging    = []asked{cursorParameter, limitParameter}
	listing   = []asked{filterParameter, wordsParameter, sortedParameter, fieldsParameter, limitParameter, cursorParameter, countParameter}
	finding   = []asked{
		wordsParameter,
		{name: "objects", says: "Objects to search, separated by commas; all when absent.", schema: someTexts},
		{name: "limit", says: "At most so many of each object; 0 for the usual number.", schema: upTo(record.MaxHits, record.DefaultHits)},
	}
	exported = []asked{
		{name: "format", says: "csv when absent.", schema: oneOf(transfer.Formats()...)},
		bomParameter, filterParameter, wordsParameter, sortedParameter, fieldsParameter,
	}
	documented = []asked{{name: "kind", says: "Only documents of this kind.", schema: aText}, layerParameter, knownParameter}
	compared   = []asked{
		{name: "from", says: "A revision; the one before “to” when absent.", schema: aNumber},
		{name: "to", says: "A revision; the newest when absent.", schema: aNumber},
	}
	working = []asked{
		{name: "kind", says: "Only work of this kind.", schema: aText},
		{name: "state", says: "Only work in this state.", schema: oneOf(job.Waiting, job.Running, job.Done, job.Failed, job.Cancelled)},
		limitParameter, cursorParameter,
	}
	unlessSet = []asked{{name: fiber.HeaderIfNoneMatch, says: "* leaves a password that is there.", schema: oneOf("*"), in: "header"}}
)

// queries reports whether a route takes a parameter in its query string.
func (rt route) queries() bool {
	return slices.ContainsFunc(rt.takes, func(p asked) bool { return p.in == "" })
}

// parameter is the parameter in a description.
func (p asked) parameter() openapi.Parameter {
	shown := openapi.Parameter{Name: p.name, In: p.in, Description: p.says, Schema: p.schema}
	if p.in == "" {
		shown.In = "query"
	}
	if p.schema["type"] == "array" {
		shown.Explode = new(bool)
	}
	return shown
}
