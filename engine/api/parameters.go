package api

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/api/openapi"
	"formwork/engine/collaboration"
	"formwork/engine/job"
	"formwork/engine/record"
	"formwork/engine/transfer"
	"formwork/workflows/runner"
	"formwork/workflows/webhook"
)

// parameterDoc is a parameter that a route takes, as the description of the API shows it.
// Handlers read them by their names; tests hold the two against each other.
type parameterDoc struct {
	name   string
	says   string
	schema openapi.Schema
	in     string // "query" when empty
}

// The kinds of parameters.
var (
	textSchema   = openapi.Schema{"type": "string"}
	flagSchema   = openapi.Schema{"type": "boolean", "default": false}
	listSchema   = openapi.Schema{"type": "array", "items": textSchema}
	numberSchema = openapi.Schema{"type": "integer", "format": "int64", "minimum": 0}
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
	filterParameter  = parameterDoc{name: "filter", says: "An expression: created_at > now() - days(30) && owner.active.", schema: textSchema}
	wordsParameter   = parameterDoc{name: "q", says: "Words to find.", schema: textSchema}
	sortedParameter  = parameterDoc{name: "sort", says: "Fields, separated by commas; -amount descends.", schema: listSchema}
	fieldsParameter  = parameterDoc{name: "fields", says: "Fields of the answer, separated by commas, and no others; owner.name reaches through a lookup.", schema: listSchema}
	cursorParameter  = parameterDoc{name: "cursor", says: "The “next” of the page before.", schema: textSchema}
	countParameter   = parameterDoc{name: "count", says: "Also says how many there are in all: true up to a number at which it ends, exact to the last.", schema: oneOf("true", "exact", "false")}
	namesParameter   = parameterDoc{name: "names", says: "Also tells what the records are called that references in the answer lead to.", schema: flagSchema}
	recentParameter  = parameterDoc{name: "recent", says: "Those first that the caller opened last; there are no further pages then.", schema: flagSchema}
	skipParameter    = parameterDoc{name: "skip", says: "Without a cursor: so many records of the list come before the page.", schema: upTo(record.MaxSkip, 0)}
	limitParameter   = parameterDoc{name: "limit", says: "At most so many; 0 for the usual number.", schema: upTo(record.MaxLimit, record.DefaultLimit)}
	layerParameter   = parameterDoc{name: "layer", says: "“own” for the tenant's own layer, as it was submitted.", schema: oneOf("own")}
	bomParameter     = parameterDoc{name: "bom", says: "Begins a CSV file with a byte order mark, by which Excel knows that it is UTF-8.", schema: flagSchema}
	versionParameter = parameterDoc{name: fiber.HeaderIfMatch, says: "The version that the change is meant for: \"3\".", schema: textSchema, in: "header"}
	knownParameter   = parameterDoc{name: fiber.HeaderIfNoneMatch, says: "The ETag of an answer that is there already.", schema: textSchema, in: "header"}
)

// What routes take.
var (
	none      []parameterDoc
	selecting = []parameterDoc{fieldsParameter, namesParameter}
	opening   = []parameterDoc{
		{name: "layout", says: "A layout of the object; the one that fits when absent.", schema: textSchema},
		{name: "device", says: "What the layout is for.", schema: oneOf("desktop", "phone")},
	}
	inLanguage = []parameterDoc{{name: "language", says: "That it is printed in, or the nearest that it has; the caller's when absent.", schema: textSchema}}
	guarded    = []parameterDoc{versionParameter}
	proving    = []parameterDoc{
		{name: webhook.HeaderID, says: "The sender's own id of what is posted: sent again, it sets off nothing and has the same answer.", schema: textSchema, in: "header"},
		{name: webhook.HeaderTimestamp, says: "When it was signed, in Unix seconds.", schema: textSchema, in: "header"},
		{name: webhook.HeaderSignature, says: "Signatures as the Standard Webhooks specification has them, separated by blanks; a workflow that takes a token has it in Authorization instead.", schema: textSchema, in: "header"},
	}
	ofLink  = []parameterDoc{{name: "token", says: "Of the link.", schema: textSchema}}
	marking = []parameterDoc{bomParameter}
	cached  = []parameterDoc{knownParameter}
	layered = []parameterDoc{layerParameter, knownParameter}
	paging  = []parameterDoc{cursorParameter, limitParameter}
	inBin   = []parameterDoc{wordsParameter, cursorParameter, limitParameter, namesParameter}
	inState = []parameterDoc{{name: "state", says: "Neither done nor snoozed when absent.", schema: oneOf(collaboration.Open, collaboration.Snoozed, collaboration.Done, anyState)},
		{name: "kind", says: "Of all kinds when absent.", schema: oneOf(collaboration.Kinds...)}, cursorParameter, limitParameter}
	resuming = []parameterDoc{{name: headerLastEvent, says: "The id of the last event that was received, to be told what came since.", schema: textSchema, in: "header"}}
	listing  = []parameterDoc{filterParameter, wordsParameter, sortedParameter, fieldsParameter, limitParameter, cursorParameter, countParameter, namesParameter}
	viewing  = append([]parameterDoc{{name: "view", says: "A view of the object: its filter is asked for besides, its sort and columns where the request has none.", schema: textSchema}, recentParameter, skipParameter}, listing...)
	patching = []parameterDoc{
		{name: fiber.HeaderIfMatch, says: "The revision that the change is meant for: \"3\".", schema: textSchema, in: "header"},
		{name: "message", says: "What the change is for; kept with the revision.", schema: textSchema},
		{name: "allow", says: "What may be destroyed, separated by commas, as a plan names it.", schema: listSchema},
	}
	finding = []parameterDoc{
		wordsParameter,
		{name: "objects", says: "Objects to search, separated by commas; all when absent.", schema: listSchema},
		{name: "limit", says: "At most so many of each object; 0 for the usual number.", schema: upTo(record.MaxHits, record.DefaultHits)},
	}
	exported = []parameterDoc{
		{name: "format", says: "csv when absent.", schema: oneOf(transfer.Formats()...)},
		bomParameter,
		{name: "labels", says: "In CSV and workbooks: labels instead of the names of fields and options, and names instead of the ids of records, in the caller's language.", schema: flagSchema},
		filterParameter, wordsParameter, sortedParameter, fieldsParameter,
	}
	ofViews   = []parameterDoc{{name: "object", says: "Only views of this object.", schema: textSchema}}
	onceOnly  = []parameterDoc{{name: headerIdempotency, says: "The sender's own name of the import: sent again, it is found and not made a second time.", schema: textSchema, in: "header"}}
	pressOnce = []parameterDoc{{name: headerIdempotency, says: "The caller's own name of the press: sent again within a week, the run of the first is found and none is begun.", schema: textSchema, in: "header"}}
	ofImports = []parameterDoc{
		{name: "object", says: "Only imports of this object.", schema: textSchema},
		{name: "key", says: "Only the import that was sent with this Idempotency-Key.", schema: textSchema},
		{name: "sha256", says: "Only imports of the file with this SHA-256, in hexadecimal digits.", schema: textSchema},
		limitParameter, cursorParameter,
	}
	ofKind     = []parameterDoc{{name: "kind", says: "Only documents of this kind.", schema: textSchema}}
	documented = []parameterDoc{ofKind[0], layerParameter, knownParameter}
	compared   = []parameterDoc{
		{name: "from", says: "A revision; the one before “to” when absent.", schema: numberSchema},
		{name: "to", says: "A revision; the newest when absent.", schema: numberSchema},
	}
	working = []parameterDoc{
		{name: "kind", says: "Only work of this kind.", schema: textSchema},
		{name: "state", says: "Only work in this state.", schema: oneOf(job.Waiting, job.Running, job.Done, job.Failed, job.Cancelled)},
		limitParameter, cursorParameter,
	}
	running = []parameterDoc{
		{name: "workflow", says: "Only runs of this workflow.", schema: textSchema},
		{name: "state", says: "Only runs in this state.", schema: oneOf(runner.States...)},
		{name: "record", says: "Only runs about this record.", schema: textSchema},
		limitParameter, cursorParameter,
	}
	uploading = []parameterDoc{
		{name: "name", says: "The name of the file.", schema: textSchema},
		{name: "type", says: "The type that the file is said to have; what its contents show counts.", schema: textSchema},
		{name: "sha256", says: "The SHA-256 of the contents in hexadecimal digits, to be checked.", schema: textSchema},
		{name: headerLength, says: "The length of the file, in bytes: the upload may go on after this request.", schema: numberSchema, in: "header"},
		{name: headerMetadata, says: "filename, filetype and sha256 as tus has them, instead of the parameters.", schema: textSchema, in: "header"},
	}
	continuing  = []parameterDoc{{name: headerOffset, says: "Where the body begins in the file: what was received so far.", schema: numberSchema, in: "header"}}
	downloading = []parameterDoc{knownParameter, {name: fiber.HeaderRange, says: "One range of bytes: bytes=0-1023.", schema: textSchema, in: "header"}}
	shrinking   = []parameterDoc{{name: "size", says: "Of the longer side, in pixels.",
		schema: openapi.Schema{"type": "integer", "enum": []any{96, 320, 1024}, "default": 320}}, knownParameter}
	unlessSet = []parameterDoc{{name: fiber.HeaderIfNoneMatch, says: "* leaves a password that is there.", schema: oneOf("*"), in: "header"}}
)

// queries reports whether a route takes a parameter in its query string.
func (rt route) queries() bool {
	return slices.ContainsFunc(rt.takes, func(p parameterDoc) bool { return p.in == "" })
}

// parameter is the parameter in a description.
func (p parameterDoc) parameter() openapi.Parameter {
	shown := openapi.Parameter{Name: p.name, In: p.in, Description: p.says, Schema: p.schema}
	if p.in == "" {
		shown.In = "query"
	}
	if p.schema["type"] == "array" {
		shown.Explode = new(bool)
	}
	return shown
}
