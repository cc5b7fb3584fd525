package api

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/policy"
)

type object = map[string]any

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
	return r.sent(fiber.StatusOK, append(r.buffer(), raw...))
}

// describe makes the document.
func (s *Server) describe(r *request, rights *policy.Rights) object {
	paths, schemas := object{}, object{"Problem": problemSchema(), "Next": object{"type": []string{"string", "null"}}}
	var known []string
	for name, o := range rights.Objects {
		if (o.Read || o.Create) && r.snapshot.Objects[name] != nil {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	for _, name := range known {
		o := r.snapshot.Objects[name]
		schemas[name] = readSchema(o, rights.Objects[name], r.language())
		schemas[name+".write"] = createSchema(o, rights.Objects[name], r.language())
		schemas[name+".patch"] = patchSchema(o, rights.Objects[name], r.language())
		schemas[name+".page"] = pageSchema(name)
	}
	for _, rt := range s.routes() {
		if rt.right != "" && !rights.System[rt.right] {
			continue
		}
		if !strings.Contains(rt.path, "/records/:object") || strings.Contains(rt.path, "/schemas/") {
			add(paths, rt, "", nil)
			continue
		}
		for _, name := range known {
			if may(rt, rights.Objects[name]) {
				add(paths, rt, name, r.snapshot.Objects[name].Doc.Label.In(r.language(), name))
			}
		}
	}
	version := s.o.Version
	if version == "" {
		version = "0"
	}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Formwork", "version": version,
			"description": "Tenant " + r.caller.Tenant + ", revision " + r.revision() + " of its configuration, as you may see it."},
		"servers":  []object{{"url": "/"}},
		"security": []object{{"token": []string{}}, {"cookie": []string{}}},
		"paths":    paths,
		"components": object{"schemas": schemas, "securitySchemes": object{
			"token":  object{"type": "http", "scheme": "bearer"},
			"cookie": object{"type": "apiKey", "in": "cookie", "name": sessionCookie}}},
	}
}

// may reports whether a caller with these rights can have any use of a route.
func may(rt route, o policy.ObjectRights) bool {
	switch rt.method {
	case patch:
		return o.Update
	case remove:
		return o.Delete
	case post:
		switch rt.path[strings.LastIndexByte(rt.path, '/')+1:] {
		case "aggregate":
			return o.Read
		case "merge":
			return o.Update && o.Delete
		case "restore":
			return o.Delete
		case "bulk":
			return o.Create || o.Update || o.Delete
		}
		return o.Create
	}
	return o.Read
}

// add describes a route, of one object if it is given.
func add(paths object, rt route, name string, tag any) {
	var parameters []object
	parts := strings.Split(rt.path, "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, ":") {
			continue
		}
		if part == ":object" && name != "" {
			parts[i] = name
			continue
		}
		parts[i] = "{" + part[1:] + "}"
		parameters = append(parameters, object{"name": part[1:], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, one := range strings.Fields(rt.takes) {
		parameters = append(parameters, object{"name": one, "in": "query", "schema": object{"type": parameterTypes[one]}, "description": parameterTexts[one]})
	}
	if rt.method == patch || rt.method == remove && strings.HasSuffix(rt.path, "/records/:object/:id") {
		parameters = append(parameters, object{"name": "If-Match", "in": "header", "schema": object{"type": "string"},
			"description": "The version that the change is meant for."})
	}
	operation := object{"summary": rt.says, "operationId": operationID(rt, name),
		"responses": object{"default": object{"description": "A problem (RFC 9457).", "content": object{
			"application/problem+json": object{"schema": reference("Problem")}}}}}
	if parameters != nil {
		operation["parameters"] = parameters
	}
	if rt.open {
		operation["security"] = []object{}
	}
	if tag != nil {
		operation["tags"] = []any{tag}
	}
	contents(operation, rt, name)
	path := strings.Join(parts, "/")
	known, ok := paths[path].(object)
	if !ok {
		known = object{}
		paths[path] = known
	}
	known[strings.ToLower(rt.method)] = operation
}

// contents adds what is sent and answered.
func contents(operation object, rt route, name string) {
	responses := operation["responses"].(object)
	one := strings.HasSuffix(rt.path, "/records/:object/:id")
	all := strings.HasSuffix(rt.path, "/records/:object")
	switch {
	case name != "" && rt.method == get && (all || strings.Contains(rt.path, "/related/")):
		responses["200"] = answer("A page.", reference(name+".page"))
	case name != "" && rt.method == get && one:
		responses["200"] = answer("The record.", reference(name))
	case name != "" && rt.method == post && all:
		operation["requestBody"] = content(reference(name + ".write"))
		responses["201"] = answer("The record.", reference(name))
	case name != "" && rt.method == patch:
		operation["requestBody"] = content(reference(name + ".patch"))
		responses["200"] = answer("The record.", reference(name))
	case rt.method == remove:
		responses["204"] = object{"description": "Done."}
	case rt.method == get:
		responses["200"] = object{"description": "The answer."}
	default:
		operation["requestBody"] = content(object{"type": "object"})
		responses["200"] = answer("The answer.", object{"type": "object"})
	}
}

func reference(name string) object { return object{"$ref": "#/components/schemas/" + name} }

func content(schema object) object {
	return object{"content": object{fiber.MIMEApplicationJSON: object{"schema": schema}}}
}

func answer(says string, schema object) object {
	a := content(schema)
	a["description"] = says
	return a
}

// operationID is the route's name in generated clients: get_records_account_id.
func operationID(rt route, name string) string {
	id := strings.ToLower(rt.method) + strings.TrimPrefix(rt.path, Prefix)
	if name != "" {
		id = strings.Replace(id, ":object", name, 1)
	}
	return strings.NewReplacer("/", "_", ":", "", ".", "_").Replace(id)
}

func pageSchema(name string) object {
	return object{"type": "object", "required": []string{"items", "next"}, "properties": object{
		"items": object{"type": "array", "items": reference(name)},
		"next":  reference("Next"),
		"total": object{"type": "integer"}}}
}

func problemSchema() object {
	str := object{"type": "string"}
	return object{"type": "object", "required": []string{"type", "title", "status", "code", "detail"}, "properties": object{
		"type": str, "title": str, "status": object{"type": "integer"}, "code": str, "detail": str, "id": str,
		"errors": object{"type": "array", "items": object{"type": "object", "properties": object{
			"pointer": str, "code": str, "detail": str, "column": object{"type": "integer"}, "suggestion": str}}}}}
}

var parameterTypes = object{"filter": "string", "q": "string", "sort": "string", "fields": "string", "limit": "integer",
	"cursor": "string", "count": "boolean", "objects": "string", "kind": "string", "state": "string", "layer": "string",
	"format": "string", "bom": "boolean", "from": "integer", "to": "integer"}

var parameterTexts = object{
	"filter":  "An expression: created_at > now() - days(30) && owner.active.",
	"q":       "Words to find.",
	"sort":    "Fields, separated by commas; -amount descends.",
	"fields":  "Fields of the answer, separated by commas; owner.name reaches through a lookup.",
	"format":  "csv (when absent) or jsonl.",
	"bom":     "Begins a CSV file with a byte order mark, by which Excel knows that it is UTF-8.",
	"limit":   "At most so many.",
	"cursor":  "The “next” of the page before.",
	"count":   "Also says how many there are in all.",
	"objects": "Objects to search, separated by commas.",
	"kind":    "Only those of this kind.",
	"state":   "Only those in this state.",
	"layer":   "“own” for the tenant's own layer.",
	"from":    "A revision.",
	"to":      "A revision.",
}
