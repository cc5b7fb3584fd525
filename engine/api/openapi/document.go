package openapi

import "strings"

// Document is an OpenAPI 3.1 document.
type Document struct {
	OpenAPI    string                `json:"openapi"`
	Info       Info                  `json:"info"`
	Servers    []Server              `json:"servers"`
	Security   []Security            `json:"security"`
	Paths      map[string]Operations `json:"paths"`
	Components Components            `json:"components"`
}

// Info says what is described.
type Info struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
}

// Server is an address that paths begin at.
type Server struct {
	URL string `json:"url"`
}

// Security names a way to say who calls.
type Security map[string][]string

// Operations are what can be done at a path, by the method in lower case.
type Operations map[string]*Operation

// Operation is one method of one path.
type Operation struct {
	// ID is unique in a document: the method's name in generated clients.
	ID          string              `json:"operationId"`
	Summary     string              `json:"summary"`
	Description string              `json:"description,omitempty"`
	Tags        []string            `json:"tags,omitempty"`
	Security    *[]Security         `json:"security,omitempty"` // nil: the document's
	Parameters  []Parameter         `json:"parameters,omitempty"`
	Body        *Body               `json:"requestBody,omitempty"`
	Responses   map[string]Response `json:"responses"` // by status
}

// Parameter is what a request says outside of its body, or refers to one of the components.
type Parameter struct {
	Ref         string `json:"$ref,omitempty"`
	Name        string `json:"name,omitempty"`
	In          string `json:"in,omitempty"` // "query", "path" or "header"
	Description string `json:"description,omitempty"`
	Required    bool   `json:"required,omitempty"`
	Schema      Schema `json:"schema,omitempty"`
	// Explode is false where a list is one text with commas.
	Explode *bool `json:"explode,omitempty"`
}

// Body is what a request sends.
type Body struct {
	Required bool    `json:"required,omitempty"`
	Content  Content `json:"content"`
}

// Response is an answer, or refers to one of the components.
type Response struct {
	Ref         string            `json:"$ref,omitempty"`
	Description string            `json:"description,omitempty"`
	Headers     map[string]Header `json:"headers,omitempty"`
	Content     Content           `json:"content,omitempty"`
}

// Header is one of an answer, or refers to one of the components.
type Header struct {
	Ref         string `json:"$ref,omitempty"`
	Description string `json:"description,omitempty"`
	Schema      Schema `json:"schema,omitempty"`
}

// Content is what a body holds, by media type.
type Content map[string]Media

// Media is a body of one media type.
type Media struct {
	Schema Schema `json:"schema"`
}

// Components are what the rest of a document refers to, by name.
type Components struct {
	Schemas         map[string]Schema    `json:"schemas"`
	Responses       map[string]Response  `json:"responses,omitempty"`
	Parameters      map[string]Parameter `json:"parameters,omitempty"`
	Headers         map[string]Header    `json:"headers,omitempty"`
	SecuritySchemes map[string]Schema    `json:"securitySchemes"`
}

// Prune takes out the schemas that nothing refers to.
func (d *Document) Prune() {
	used := map[string]bool{}
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				visit(item)
			}
		case Schema:
			for _, item := range v {
				visit(item)
			}
			ref, _ := v["$ref"].(string)
			if name, ok := strings.CutPrefix(ref, schemaPath); ok && !used[name] {
				used[name] = true
				visit(d.Components.Schemas[name])
			}
		}
	}
	d.each(func(s Schema) { visit(s) })
	for name := range d.Components.Schemas {
		if !used[name] {
			delete(d.Components.Schemas, name)
		}
	}
}

// each calls visit with every schema outside of the components' schemas.
func (d *Document) each(visit func(Schema)) {
	contents := func(c Content) {
		for _, media := range c {
			visit(media.Schema)
		}
	}
	for _, answer := range d.Components.Responses {
		contents(answer.Content)
	}
	for _, p := range d.Components.Parameters {
		visit(p.Schema)
	}
	for _, h := range d.Components.Headers {
		visit(h.Schema)
	}
	for _, operations := range d.Paths {
		for _, o := range operations {
			for _, p := range o.Parameters {
				visit(p.Schema)
			}
			if o.Body != nil {
				contents(o.Body.Content)
			}
			for _, answer := range o.Responses {
				contents(answer.Content)
			}
		}
	}
}
