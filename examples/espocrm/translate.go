package main

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// document is a document of Formwork, or a part of one.
type document = map[string]any

// translator makes the documents of a package from the metadata of a module.
type translator struct {
	*source
	*report
	prefix    string // of names: modules may have objects that Formwork's packages have too
	documents map[string]document
	relations map[string]*relation
	// fields are what an entity's fields became, by EspoCRM's names.
	fields map[string]map[string]document
	// columns are fields that stand for a column of a relation, by entity.
	columns map[string]map[string]string
	// seen are the conditions under which related lists are seen, by entity and link.
	seen map[string]map[string]string
}

// translate makes the documents of a module, by <kind>/<name>.
func translate(s *source, module string) (map[string]document, *report, error) {
	t := &translator{source: s, report: newReport(), prefix: snake(module) + "_", documents: map[string]document{},
		relations: map[string]*relation{}, fields: map[string]map[string]document{}, columns: map[string]map[string]string{}, seen: map[string]map[string]string{}}
	t.documents["package/espo_"+snake(module)] = document{"kind": "package", "name": "espo_" + snake(module), "version": "1.0.0",
		"label":       document{"en": "EspoCRM: " + module, "zh": "EspoCRM：" + module},
		"description": document{"en": "Translated from the metadata of EspoCRM's module " + module + ".", "zh": "由 EspoCRM 模块 " + module + " 的元数据转换而来。"},
		"requires":    document{"core": "1.0.0"}}
	t.findRelations()
	t.sharedOptions()
	for _, entity := range t.entities {
		t.object(entity)
	}
	for _, name := range sortedKeys(t.relations) {
		t.junction(t.relations[name])
	}
	for _, entity := range t.entities {
		if err := t.pages(entity); err != nil {
			return nil, nil, err
		}
	}
	t.navigation(module)
	t.rights(module)
	for _, d := range t.documents {
		t.countLabels(d)
	}
	return t.documents, t.report, t.leaveFiles()
}

func (t *translator) add(kind, name string, d document) {
	d["kind"], d["name"] = kind, name
	t.documents[kind+"/"+name] = d
	t.translated("documents: " + kind)
}

// name is the object of an entity, "" if there is none.
func (t *translator) name(entity string) string {
	switch {
	case entity == "User":
		return "user"
	case slices.Contains(t.entities, entity):
		return t.prefix + snake(entity)
	}
	return ""
}

// countLabels counts the labels of a document by language.
func (t *translator) countLabels(part any) {
	inner, _ := part.(document)
	for name, value := range inner {
		if words, ok := value.(document); ok && name == "label" {
			for language := range words {
				t.translated("labels in " + language)
			}
			continue
		}
		t.countLabels(value)
	}
}

// object translates an entity.
func (t *translator) object(entity string) {
	def, scope := t.defs[entity], t.scopes[entity]
	t.fields[entity] = map[string]document{}
	fields := document{}
	for i, name := range def.Fields.Names {
		made := t.field(entity, name, def.Fields.Values[name])
		if made == nil {
			continue
		}
		if fields[fieldName(name)] != nil {
			t.leave("field", "another has its name already", entity, name)
			continue
		}
		made["order"] = 10 * (i + 1)
		fields[fieldName(name)] = made
		t.fields[entity][name] = made
	}
	if fields["name"] == nil {
		fields["name"] = document{"type": "auto_number", "pattern": "{00000}", "label": document{"en": "Number", "zh": "编号"}, "order": 1}
		t.translated("names given to entities that have none")
	}
	object := document{"label": t.entityLabel(entity), "name_field": "name", "visibility": "private", "fields": fields,
		"label_plural": t.label(spelt(entity), []string{"Global", "scopeNamesPlural", entity}, []string{"Global", "scopeNames", entity})}
	if search := t.search(entity); len(search) > 0 {
		object["search"] = search
	}
	t.logicOf(entity, fields, object)
	t.keys(entity, object)
	if duplicates := t.duplicates(entity, scope); len(duplicates) > 0 {
		object["duplicates"] = duplicates
	}
	t.stages(entity, object)
	for _, other := range def.Others {
		if other == "optimisticConcurrencyControl" {
			t.translated("versions of records: always")
			continue
		}
		t.leave("entityDefs: "+other, "read by EspoCRM's own code", entity)
	}
	t.add("object", t.name(entity), object)
}

// searchable are the types in which words are found.
var searchable = []string{"text", "long_text", "rich_text", "email", "phone", "url", "formula"}

func (t *translator) search(entity string) []any {
	var search []any
	for _, name := range t.defs[entity].Collection.texts("textFilterFields") {
		made := t.fields[entity][name]
		if made == nil || !slices.Contains(searchable, made["type"].(string)) {
			t.leave("text filter", "words are found in texts of the record itself", entity, name)
			continue
		}
		search = append(search, fieldName(name))
		t.translated("text filter fields")
	}
	return search
}

// keys translates unique indexes; Formwork plans the others itself.
func (t *translator) keys(entity string, object document) {
	unique := document{}
	for _, name := range t.defs[entity].Indexes.Names {
		index := t.defs[entity].Indexes.Values[name]
		columns := index.texts("columns")
		var fields []any
		for _, column := range columns {
			if made, field := t.attribute(entity, column); made != nil {
				fields = append(fields, field)
			}
		}
		switch technical := slices.Contains(columns, "id"); {
		case !index.yes("unique") || technical:
			t.leave("index", "indexes are planned from views and use", entity, name)
		case len(fields) < len(columns) && !slices.Contains(columns, "deleted") || len(fields) == 0:
			t.leave("unique key", "it has a column that was not translated", entity, name)
		default:
			unique[snake(name)] = document{"fields": fields}
			t.translated("unique keys")
		}
	}
	if len(unique) > 0 {
		object["unique"] = unique
	}
}

// alike says how duplicates are compared, by the type of the field.
var alike = map[string]string{"text": "text", "email": "email", "phone": "phone", "url": "domain"}

// duplicates translates the fields by each of which EspoCRM looks for duplicates.
func (t *translator) duplicates(entity string, scope settings) document {
	rules := document{}
	for _, name := range scope.texts("duplicateCheckFieldList") {
		match := document{}
		parts := []string{name}
		if t.defs[entity].Fields.Values[name].text("type") == "personName" {
			parts = []string{"firstName", "lastName"}
		}
		for _, part := range parts {
			made := t.fields[entity][part]
			if made == nil || alike[made["type"].(string)] == "" {
				t.leave("duplicate check", "values of the type can't be compared", entity, part)
				continue
			}
			match[fieldName(part)] = document{"how": alike[made["type"].(string)]}
		}
		if len(match) > 0 {
			rules["same_"+snake(name)] = document{"match": match, "action": "warn"}
			t.translated("duplicate rules")
		}
	}
	return rules
}

// stages translates a field that says how probable a deal is in each of its options.
func (t *translator) stages(entity string, object document) {
	for _, name := range t.defs[entity].Fields.Names {
		field := t.defs[entity].Fields.Values[name]
		chances := field.of("probabilityMap")
		if chances == nil || t.fields[entity][name] == nil || t.fields[entity]["probability"] == nil {
			continue
		}
		names, stages := optionNames(field.texts("options")), document{}
		for i, option := range field.texts("options") {
			chance, known := chances[option].(float64)
			if !known {
				continue
			}
			stage := document{"order": 10 * (i + 1), "set": document{"probability": fmt.Sprint(chance)}}
			switch chance { // EspoCRM takes these two for won and lost
			case 100:
				stage["outcome"] = "won"
			case 0:
				stage["outcome"] = "lost"
			}
			stages[names[option]] = stage
			t.translated("stages")
		}
		object["stages"] = document{"field": fieldName(name), "stages": stages}
	}
}

// attribute is the field that an attribute of an entity belongs to, as it was translated,
// and its path: accountId is the field account, billingAddressCity a part of an address.
func (t *translator) attribute(entity, name string) (made document, path string) {
	if ours, ok := builtIn[name]; ok {
		return document{"type": "built in"}, ours
	}
	for _, candidate := range []string{name, strings.TrimSuffix(name, "Id"), strings.TrimSuffix(name, "Ids")} {
		if ours, ok := builtIn[candidate]; ok {
			return document{"type": "built in"}, ours
		}
		if made := t.fields[entity][candidate]; made != nil {
			return made, fieldName(candidate)
		}
	}
	if address, part := t.addressOf(entity, name); address != "" && t.fields[entity][address] != nil && part != "" {
		return t.fields[entity][address], fieldName(address) + "." + part
	}
	return nil, ""
}

// addressParts are the parts of an address, by the endings of EspoCRM's fields.
var addressParts = map[string]string{"Street": "street", "City": "city", "State": "state", "PostalCode": "postal_code", "Country": "country", "Map": ""}

// addressOf is the address that a field is a part of, and the part; "" if it is of none.
func (t *translator) addressOf(entity, name string) (address, part string) {
	for ending, part := range addressParts {
		whole, ok := strings.CutSuffix(name, ending)
		if ok && t.defs[entity].Fields.Values[whole].text("type") == "address" {
			return whole, part
		}
	}
	return "", ""
}

// leaveFiles counts the files that nothing was made of.
func (t *translator) leaveFiles() error {
	layouts, err := fs.Glob(t.module, "layouts/*/*.json")
	if err != nil {
		return err
	}
	for _, file := range layouts {
		if name := base(file); !slices.Contains(pageLayouts, name) && !strings.HasPrefix(name, "listFor") {
			t.leave("layout "+name, "popups, filters and bulk forms have no layout of their own", path.Base(path.Dir(file)))
		}
	}
	used := []string{"entityDefs", "scopes", "logicDefs", "entityAcl"}
	return fs.WalkDir(t.module, "metadata", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".json" {
			return err
		}
		kind := strings.Split(file, "/")[1]
		switch {
		case slices.Contains(used, kind):
			if name := base(file); kind == "entityDefs" && !slices.Contains(t.entities, name) {
				t.leave("entityDefs of others", "it adds to an entity of the platform, or is disabled", name)
			}
		case kind == "formula":
			t.leave("metadata/formula", "EspoCRM's formula scripts are programs; formulas and rules say what holds", base(file))
		default:
			t.leave("metadata/"+kind, "names classes, handlers and pages of EspoCRM's code", base(file))
		}
		return nil
	})
}
