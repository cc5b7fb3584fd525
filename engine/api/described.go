package api

import (
	_ "embed"
	"encoding/json"
	"path"
	"reflect"
	"strings"
	"sync"

	"formwork/engine/api/openapi"
	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/engine/transfer"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Types of the description whose values are open, or not JSON.
type (
	// Document is a document of the configuration, of any kind.
	Document json.RawMessage
	// JSONSchema is a JSON Schema.
	JSONSchema json.RawMessage
	// Description is an OpenAPI document.
	Description json.RawMessage
	// RelatedRecord is a record of the object that a related list is of.
	RelatedRecord map[string]any
	// Settings are what the pages keep for a user; null removes one in a merge patch.
	Settings json.RawMessage
	// File is an uploaded file.
	File []byte
)

// ImportForm is the multipart form data of an import, in this order: options, then either a file
// or an upload.
type ImportForm struct {
	Options transfer.Options `json:"options"`
	File    File             `json:"file,omitempty"`               // CSV, up to 1 GiB, or a workbook (.xlsx), up to 32 MiB
	Upload  string           `json:"upload,omitempty" schema:"ID"` // of a preview, in place of the file
}

// newSchemas are the schemas of everything that routes send and answer, described with
// what comment says of each type and member.
func newSchemas(comment func(t reflect.Type, member string) string) *openapi.Schemas {
	object := func(says string) openapi.Schema {
		return openapi.Schema{"type": "object", "description": says, "additionalProperties": true}
	}
	schemas := openapi.NewSchemas(map[reflect.Type]openapi.Schema{
		reflect.TypeFor[Document]():      openapi.Reference("Document"),
		reflect.TypeFor[JSONSchema]():    object("A JSON Schema (draft 2020-12)."),
		reflect.TypeFor[Description]():   object("An OpenAPI 3.1 document."),
		reflect.TypeFor[FormValues]():    object("The values of a record that is being written, by field."),
		reflect.TypeFor[Settings]():      openapi.Reference("Settings"),
		reflect.TypeFor[SavedView]():     openapi.Reference("SavedView"),
		reflect.TypeFor[NewView]():       openapi.Reference("NewView"),
		reflect.TypeFor[ViewPatch]():     openapi.Reference("ViewPatch"),
		reflect.TypeFor[RelatedRecord](): object("A record of the object that the list is of."),
		reflect.TypeFor[File]():          {"type": "string", "format": "binary"},
		reflect.TypeFor[transfer.Source](): {"anyOf": []any{
			openapi.Schema{"type": "string", "description": "A column's heading."}, openapi.Reference("ImportSource")}},
		reflect.TypeFor[record.Bucket](): {"anyOf": []any{
			oneOf("day", "week", "month", "quarter", "year"), openapi.Schema{"type": "number", "exclusiveMinimum": 0}}},
	}, map[reflect.Type]string{
		reflect.TypeFor[catalog.Change]():      "ConfigurationChange",
		reflect.TypeFor[catalog.Restoration](): "Rollback",
		reflect.TypeFor[metadata.Change]():     "DocumentChange",
		reflect.TypeFor[metadata.Part]():       "DocumentPart",
		reflect.TypeFor[metadata.Key]():        "DocumentKey",
		reflect.TypeFor[transfer.Options]():    "ImportOptions",
		reflect.TypeFor[fieldtype.Uses]():      "FieldUses",
		reflect.TypeFor[Question]():            "AccessQuestion",
		reflect.TypeFor[Explanation]():         "AccessExplanation",
	}, comment)
	all := schemas.Components()
	all["ID"] = openapi.Schema{"type": "string", "pattern": id.Pattern, "description": "The id of a record or of anything else: 13 characters that sort by the time of making."}
	all["ProblemCode"] = problemCodes()
	all["Document"] = object("A document of the configuration; GET /schemas/{kind} says what else it has.")
	all["Document"]["properties"] = openapi.Schema{"kind": textSchema, "name": textSchema}
	all["Document"]["required"] = []string{"kind"}
	all["Settings"] = object("What the pages keep for a user, by names of their own.")
	all["Text"] = openapi.Schema{"description": "One text, or one for each language.", "anyOf": []any{textSchema, openapi.Schema{"type": "object", "additionalProperties": textSchema}}}
	all["SavedView"] = viewSchema(true, "id", "owner", "version", "shared", "object", "label", "columns", "show")
	all["NewView"] = viewSchema(false, "object", "label", "columns", "show")
	all["ViewPatch"] = viewSchema(false)
	all["ImportSource"] = schemas.Object(reflect.TypeFor[transfer.Source]())
	return schemas
}

// commentsFile holds the doc comments of the types that are described. A test gathers
// them from the sources: go test ./engine/api -run TestComments -update
//
//go:embed comments.json
var commentsFile []byte

var comments = sync.OnceValue(func() map[string]string {
	var all map[string]string
	if err := json.Unmarshal(commentsFile, &all); err != nil {
		panic(err) // the file is part of the program
	}
	return all
})

// comment is the doc comment of a type, or of the member that it has in JSON.
func comment(t reflect.Type, member string) string { return comments()[commentKey(t, member)] }

// commentKey is "catalog.Change", or "catalog.Change.base".
func commentKey(t reflect.Type, member string) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	key := path.Base(t.PkgPath()) + "." + name
	if member != "" {
		key += "." + member
	}
	return key
}
