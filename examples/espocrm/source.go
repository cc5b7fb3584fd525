package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// object is a JSON object with the order of its members, which is that of fields on
// EspoCRM's pages.
type object[T any] struct {
	Names  []string
	Values map[string]T
}

// UnmarshalJSON reads an object. An empty list stands for an empty object, as PHP writes
// it.
func (o *object[T]) UnmarshalJSON(raw []byte) error {
	o.Values = map[string]T{}
	if raw = bytes.TrimSpace(raw); string(raw) == "[]" || string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, &o.Values); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		if text, ok := name.(string); ok && !slices.Contains(o.Names, text) {
			o.Names = append(o.Names, text)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return err
		}
	}
	return nil
}

// settings are members of which only some are known: a field, a link, a scope.
type settings map[string]any

func (s settings) text(name string) string { text, _ := s[name].(string); return text }
func (s settings) yes(name string) bool    { yes, _ := s[name].(bool); return yes }

// texts are the texts of a list; what is no text is left out.
func (s settings) texts(name string) []string {
	list, _ := s[name].([]any)
	var texts []string
	for _, one := range list {
		if text, ok := one.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

func (s settings) of(name string) settings { inner, _ := s[name].(map[string]any); return inner }

// definition is a file of entityDefs.
type definition struct {
	Fields     object[settings] `json:"fields"`
	Links      object[settings] `json:"links"`
	Collection settings         `json:"collection"`
	Indexes    object[settings] `json:"indexes"`
	Others     []string         `json:"-"` // names of members that are none of these
}

// source is the metadata of a module in a checkout, beside that of the platform below it.
type source struct {
	module    fs.FS // its Resources
	platform  fs.FS // those that every module stands on
	entities  []string
	defs      map[string]*definition // of entities, and of what the module adds to others
	scopes    map[string]settings
	clients   map[string]settings
	logic     map[string]settings
	access    map[string]settings
	patterns  map[string]settings
	languages []language
}

// language is a language of EspoCRM, its name in Formwork, and its texts by file.
type language struct {
	theirs, ours string
	texts        map[string]settings
}

// open reads a module of the checkout. Languages are named as EspoCRM does: zh_CN.
func open(checkout, module string, languages []string) (*source, error) {
	folder := filepath.Join(checkout, "application", "Espo", "Modules", module, "Resources")
	if _, err := os.Stat(folder); err != nil {
		folder = filepath.Join(checkout, "custom", "Espo", "Modules", module, "Resources")
	}
	s := &source{module: os.DirFS(folder), platform: os.DirFS(filepath.Join(checkout, "application", "Espo", "Resources")), defs: map[string]*definition{},
		scopes: map[string]settings{}, clients: map[string]settings{}, logic: map[string]settings{}, access: map[string]settings{}}
	if err := s.readDefinitions(); err != nil {
		return nil, fmt.Errorf("reading the module %s: %w", module, err)
	}
	for kind, into := range map[string]map[string]settings{"scopes": s.scopes, "clientDefs": s.clients, "logicDefs": s.logic, "entityAcl": s.access} {
		if err := readAll(s.module, path.Join("metadata", kind), into); err != nil {
			return nil, err
		}
	}
	if err := readIfThere(s.platform, "metadata/app/regExpPatterns.json", &s.patterns); err != nil {
		return nil, err
	}
	for _, name := range languages {
		l := language{theirs: name, ours: strings.ReplaceAll(name, "_", "-"), texts: map[string]settings{}}
		if short, _, _ := strings.Cut(name, "_"); name == "en_US" || name == "zh_CN" {
			l.ours = short
		}
		for _, from := range []fs.FS{s.platform, s.module} { // the module's words come later and win
			if err := readAll(from, path.Join("i18n", name), l.texts); err != nil {
				return nil, err
			}
		}
		s.languages = append(s.languages, l)
	}
	for name, scope := range s.scopes {
		if scope.yes("entity") && !scope.yes("disabled") && s.defs[name] != nil {
			s.entities = append(s.entities, name)
		}
	}
	slices.Sort(s.entities)
	return s, nil
}

func (s *source) readDefinitions() error {
	files, err := fs.Glob(s.module, "metadata/entityDefs/*.json")
	if err != nil || len(files) == 0 {
		return errors.Join(err, errors.New("it has no metadata/entityDefs"))
	}
	for _, file := range files {
		d, members := &definition{}, map[string]json.RawMessage{}
		if err := errors.Join(readIfThere(s.module, file, d), readIfThere(s.module, file, &members)); err != nil {
			return err
		}
		for name := range members {
			if !slices.Contains([]string{"fields", "links", "collection", "indexes"}, name) {
				d.Others = append(d.Others, name)
			}
		}
		slices.Sort(d.Others)
		s.defs[base(file)] = d
	}
	return nil
}

func base(file string) string { return strings.TrimSuffix(path.Base(file), ".json") }

// readAll reads the files of a folder, by name, into what was read of others.
func readAll(from fs.FS, folder string, into map[string]settings) error {
	files, err := fs.Glob(from, folder+"/*.json")
	if err != nil {
		return err
	}
	for _, file := range files {
		var read object[any]
		if err := readIfThere(from, file, &read); err != nil {
			return err
		}
		into[base(file)] = merged(into[base(file)], read.Values)
	}
	return nil
}

// merged is an object with the members of another laid over it.
func merged(below, above map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range below {
		out[name] = value
	}
	for name, value := range above {
		upper, isObject := value.(map[string]any)
		lower, wasObject := out[name].(map[string]any)
		if isObject && wasObject {
			value = merged(lower, upper)
		}
		out[name] = value
	}
	return out
}

// readIfThere reads a file; one that is not there says nothing.
func readIfThere(from fs.FS, file string, into any) error {
	raw, err := fs.ReadFile(from, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	return nil
}

// layout reads a layout of an entity into a value, and reports whether there is one.
func (s *source) layout(entity, name string, into any) (bool, error) {
	file := path.Join("layouts", entity, name+".json")
	if _, err := fs.Stat(s.module, file); err != nil {
		return false, nil
	}
	return true, readIfThere(s.module, file, into)
}

// said is what a language says at a place of a file, "" if nothing.
func (l language) said(file string, at ...string) string {
	here := l.texts[file]
	for _, name := range at[:len(at)-1] {
		here = here.of(name)
	}
	return here.text(at[len(at)-1])
}
