package api

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/api/openapi"
	"formwork/engine/fault"
	"formwork/engine/policy"
)

// openAPI is GET /openapi.json: OpenAPI 3.1 of what the caller may see, with every
// object's records spelt out.
func (s *Server) openAPI(r *request) error {
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return err
	}
	if r.unchangedSince(true) {
		return nil
	}
	raw, err := r.shown("openapi", func() (any, error) { return s.describe(r, rights), nil })
	if err != nil {
		return err
	}
	return r.copied(fiber.StatusOK, raw)
}

// description is the document while it is made.
type description struct {
	paths   map[string]openapi.Operations
	schemas *openapi.Schemas
	objects []string // that the caller knows of
}

// describe makes the document.
func (s *Server) describe(r *request, rights *policy.Rights) openapi.Document {
	d := &description{paths: map[string]openapi.Operations{}, schemas: newSchemas(comment)}
	for name, o := range rights.Objects {
		if (o.Read || o.Create) && r.snapshot.Objects[name] != nil {
			d.objects = append(d.objects, name)
		}
	}
	slices.Sort(d.objects)
	bound := map[string]*openapi.Schemas{}
	for _, name := range d.objects {
		bound[name] = d.bind(schemasOf{r.snapshot.Objects[name], rights, r.language()})
	}
	for _, rt := range s.routes() {
		if rt.page || rt.right != "" && !rights.System[rt.right] {
			continue
		}
		if !rt.ofRecords() {
			d.add(rt, "", nil, d.schemas)
			continue
		}
		for _, name := range d.objects {
			if rt.uses(rights.Objects[name]) {
				d.add(rt, name, []string{r.snapshot.Objects[name].Doc.Label.In(r.language(), name)}, bound[name])
			}
		}
	}
	version := s.o.Version
	if version == "" {
		version = "0"
	}
	document := openapi.Document{
		OpenAPI: "3.1.0",
		Info: openapi.Info{Title: "Formwork", Version: version,
			Description: "Tenant " + r.caller.Tenant + ", revision " + r.revision() + " of its configuration, as you may see it."},
		Servers:  []openapi.Server{{URL: "/"}},
		Security: []openapi.Security{{"token": {}}, {"cookie": {}}},
		Paths:    d.paths,
		Components: openapi.Components{Schemas: d.schemas.Components(),
			Responses: map[string]openapi.Response{"Problem": {Description: "A problem (RFC 9457).", Content: openapi.Content{
				problemType: {Schema: d.schemas.Of(reflect.TypeFor[Problem]())}}}},
			Parameters: map[string]openapi.Parameter{"Moment": {Name: headerMoment, In: "header", Schema: textSchema,
				Description: "The last one that an answer had: what is read is then as new as that, whichever process answers."}},
			Headers: map[string]openapi.Header{"Moment": {Schema: textSchema,
				Description: "The moment of what was written, to be sent with later requests. Only where several processes serve one database."}},
			SecuritySchemes: map[string]openapi.Schema{
				"token":  {"type": "http", "scheme": "bearer"},
				"cookie": {"type": "apiKey", "in": "cookie", "name": sessionCookie}}},
	}
	document.Prune()
	return document
}

// bind adds the schemas of an object's records, under which types that hold records
// are described.
func (d *description) bind(of schemasOf) *openapi.Schemas {
	name, all := of.object.Doc.Name, d.schemas.Components()
	all[name], all[name+".write"], all[name+".patch"] = of.read(), of.create(), of.patch()
	return d.schemas.Bind(name, map[reflect.Type]openapi.Schema{
		reflect.TypeFor[Record]():      openapi.Reference(name),
		reflect.TypeFor[NewRecord]():   openapi.Reference(name + ".write"),
		reflect.TypeFor[RecordPatch](): openapi.Reference(name + ".patch")})
}

// ofRecords reports whether a route is described for each object by itself.
func (rt route) ofRecords() bool { return strings.HasPrefix(rt.path, Prefix+"/records/:object") }

// add describes a route, of one object if it is given.
func (d *description) add(rt route, object string, tags []string, schemas *openapi.Schemas) {
	operation := &openapi.Operation{ID: operationID(rt, object), Summary: rt.says, Tags: tags, Responses: rt.answers.responses(schemas)}
	if rt.open {
		operation.Security = &[]openapi.Security{}
	}
	if rt.right != "" {
		operation.Description = "Needs the right " + rt.right + "."
	}
	parts := strings.Split(rt.path, "/")
	for i, part := range parts {
		name, variable := strings.CutPrefix(part, ":")
		switch {
		case !variable:
		case part == ":object" && object != "":
			parts[i] = object
		default:
			parts[i] = "{" + name + "}"
			operation.Parameters = append(operation.Parameters, d.pathParameter(name))
		}
	}
	for _, one := range rt.takes {
		operation.Parameters = append(operation.Parameters, one.parameter())
		if one.name == fiber.HeaderIfNoneMatch && rt.method == get {
			operation.Responses["304"] = openapi.Response{Description: "Nothing has changed."}
		}
		if one.name == fiber.HeaderRange {
			operation.Responses["206"] = openapi.Response{Description: "The range.", Content: operation.Responses["200"].Content}
		}
	}
	operation.Parameters = append(operation.Parameters, openapi.Parameter{Ref: "#/components/parameters/Moment"})
	if rt.method != get {
		status := strconv.Itoa(rt.answers.status)
		done := operation.Responses[status]
		done.Headers = map[string]openapi.Header{headerMoment: {Ref: "#/components/headers/Moment"}}
		operation.Responses[status] = done
	}
	if rt.sends.of != nil {
		operation.Body = &openapi.Body{Required: !rt.sends.optional, Content: openapi.Content{rt.sends.media: {Schema: schemas.Of(rt.sends.of)}}}
	}
	path := strings.Join(parts, "/")
	if d.paths[path] == nil {
		d.paths[path] = openapi.Operations{}
	}
	d.paths[path][strings.ToLower(rt.method)] = operation
}

// pathParameter describes a part of a path. All ids in paths are of one form.
func (d *description) pathParameter(name string) openapi.Parameter {
	p := openapi.Parameter{Name: name, In: "path", Required: true, Schema: textSchema}
	switch {
	case name == "id", name == "file":
		p.Schema = openapi.Reference("ID")
	case name == "object" && len(d.objects) > 0:
		p.Schema = oneOf(d.objects...)
	}
	return p
}

// responses are the answers of a route, by status.
func (a answer) responses(schemas *openapi.Schemas) map[string]openapi.Response {
	shown := openapi.Response{Description: statusTexts[a.status]}
	for _, media := range a.media {
		if shown.Content == nil {
			shown.Content = openapi.Content{}
		}
		shown.Content[media] = openapi.Media{Schema: textSchema}
		if a.of != nil {
			shown.Content[media] = openapi.Media{Schema: schemas.Of(a.of)}
		}
	}
	problem := openapi.Response{Ref: "#/components/responses/Problem"}
	return map[string]openapi.Response{strconv.Itoa(a.status): shown, "4XX": problem, "5XX": problem}
}

var statusTexts = map[int]string{fiber.StatusOK: "The answer.", fiber.StatusCreated: "What was made.", fiber.StatusAccepted: "What has begun.",
	fiber.StatusNoContent: "Done.", fiber.StatusFound: "It is elsewhere."}

// operationID is the method's name in generated clients: getRecord, or
// getOpportunityLineRecord for one object. No two objects have the same.
func operationID(rt route, object string) string {
	if object == "" {
		return rt.name
	}
	return strings.Replace(rt.name, "Record", camel(object)+"Record", 1)
}

// camel writes opportunity_line as OpportunityLine. An underscore stays where no letter
// follows it, so that different names stay different.
func camel(name string) string {
	out := make([]byte, 0, len(name))
	up := true
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z'
		switch {
		case c == '_' && i+1 < len(name) && name[i+1] >= 'a' && name[i+1] <= 'z':
			up = true
			continue
		case up && letter:
			c -= 'a' - 'A'
		}
		up = false
		out = append(out, c)
	}
	return string(out)
}

// problemCodes is the schema of a problem's code.
func problemCodes() openapi.Schema {
	return openapi.Schema{"type": "string", "enum": openapi.Options(fault.Codes()...), "description": "What is wrong. A code stays what it is; there may be more in a later version."}
}
