package api

import (
	"maps"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/api/openapi"
	"formwork/engine/fault"
	"formwork/engine/workspace"
)

// Whom a saved view is for.
const (
	sharedWithNobody   = "me"
	sharedWithEveryone = "everyone"
)

// viewSchema is that of a saved view. A new one says whom it is for; a patch may leave out
// anything.
func viewSchema(saved bool, required ...string) openapi.Schema {
	properties := openapi.Schema{
		"object": textSchema, "label": openapi.Reference("Text"), "description": openapi.Reference("Text"), "columns": listSchema, "filter": textSchema,
		"sort": listSchema, "group": textSchema, "show": textSchema, "order": openapi.Schema{"type": "integer"}, "sum": openapi.Schema{"type": "array"},
		"shared": openapi.Schema{"type": "string", "enum": openapi.Options(sharedWithNobody, sharedWithEveryone), "description": "Whom it is for."},
	}
	if saved {
		maps.Copy(properties, openapi.Schema{"id": openapi.Reference("ID"), "owner": openapi.Reference("ID"), "version": openapi.Schema{"type": "integer", "format": "int64"}})
	}
	schema := openapi.Schema{"type": "object", "properties": properties, "additionalProperties": true,
		"description": "A saved list: what a document of the kind view says but for its kind and name (GET /schemas/view), and whom it is for."}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// viewOf is a saved view as it is answered.
func viewOf(v workspace.View) SavedView {
	answer := maps.Clone(SavedView(v.Body))
	answer["id"], answer["owner"], answer["version"], answer["shared"] = v.ID.String(), v.Owner.String(), v.Version, sharedWithNobody
	if v.Shared {
		answer["shared"] = sharedWithEveryone
	}
	return answer
}

// viewsOf is never nil.
func viewsOf(views []workspace.View) []SavedView {
	answer := []SavedView{}
	for _, v := range views {
		answer = append(answer, viewOf(v))
	}
	return answer
}

// views is GET /views.
func (s *Server) views(r *request) error {
	var object string
	if err := r.query(parameter{"object", &object}); err != nil {
		return err
	}
	views, err := r.workspace().Views(r.ctx, object)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, List[SavedView]{viewsOf(views)})
}

// view reads what of a saved view was sent, and whom it is to be for; nil: nothing is said.
func (r *request) view() (body map[string]any, shared *bool, err error) {
	if err := r.inPerson(); err != nil {
		return nil, nil, err
	}
	if body, err = r.data(smallBody); err != nil {
		return nil, nil, err
	}
	for _, name := range []string{"id", "kind", "name", "owner", "version"} {
		if _, sent := body[name]; sent {
			return nil, nil, fault.New(fault.Malformed, "api.unknown_member", "name", name).At("/" + name)
		}
	}
	if with, sent := body["shared"]; sent {
		everyone := with == sharedWithEveryone
		if !everyone && with != sharedWithNobody {
			return nil, nil, fault.New(fault.Malformed, "api.json_type", "want", strconv.Quote(sharedWithNobody)+", "+strconv.Quote(sharedWithEveryone), "got", jsonKind(with)).At("/shared")
		}
		shared = &everyone
		delete(body, "shared")
	}
	return body, shared, nil
}

// saveView is POST /views.
func (s *Server) saveView(r *request) error {
	body, shared, err := r.view()
	if err != nil {
		return err
	}
	v, err := r.workspace().SaveView(r.ctx, body, shared != nil && *shared)
	if err != nil {
		return err
	}
	r.version(v.Version)
	return r.json(fiber.StatusCreated, viewOf(v))
}

// changeView is PATCH /views/{id}.
func (s *Server) changeView(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	version, err := r.ifMatch()
	if err != nil {
		return err
	}
	patch, shared, err := r.view()
	if err != nil {
		return err
	}
	v, err := r.workspace().ChangeView(r.ctx, key, patch, shared, version)
	if err != nil {
		return err
	}
	r.version(v.Version)
	return r.json(fiber.StatusOK, viewOf(v))
}

// deleteView is DELETE /views/{id}.
func (s *Server) deleteView(r *request) error {
	if err := r.inPerson(); err != nil {
		return err
	}
	key, err := r.recordID()
	if err != nil {
		return err
	}
	if err := r.workspace().DeleteView(r.ctx, key); err != nil {
		return err
	}
	return r.done()
}
