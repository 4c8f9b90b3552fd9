// Renders a Helm chart offline, with Go's own text/template and sprig as Helm does: standard input holds a JSON list of
// jobs, standard output the list of their results. Stricter than an installation: a key that values lack is an error.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type object = map[string]interface{}

type job struct {
	Chart       string   // folder of the chart
	ValueFiles  []string // laid over values.yaml in this order
	Values      object   // laid over the files
	Release     string
	Namespace   string
	Upgrade     bool
	KubeVersion string
	APIVersions []string
	Found       object // what lookup finds: "apiVersion/kind/namespace/name" -> object
	ChartMeta   object // laid over Chart.yaml
}

type result struct {
	Files  map[string]string `json:"files"`
	Values object            `json:"values"`
	Error  string            `json:"error,omitempty"`
}

type files map[string]string

func (f files) Get(name string) string { return f[name] }

func (f files) Glob(pattern string) files {
	found := files{}
	for name, text := range f {
		if ok, _ := path.Match(pattern, name); ok {
			found[name] = text
		}
	}
	return found
}

type versions []string

func (v versions) Has(wanted string) bool {
	for _, version := range v {
		if version == wanted {
			return true
		}
	}
	return false
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// YAML through JSON, as in Helm: every number of the values becomes a float64.
func fromYaml(text string) (out interface{}, err error) {
	if err = yaml.Unmarshal([]byte(text), &out); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	out = nil
	return out, json.Unmarshal(raw, &out)
}

func toYaml(value interface{}) string {
	raw, err := json.Marshal(value)
	must(err)
	var plain interface{}
	must(yaml.Unmarshal(raw, &plain))
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	must(encoder.Encode(plain))
	return strings.TrimSuffix(out.String(), "\n")
}

func toJson(value interface{}) string {
	raw, err := json.Marshal(value)
	must(err)
	return string(raw)
}

// Lays one tree of values over another; null removes a key.
func merge(base, over object) object {
	for key, value := range over {
		below, isObject := base[key].(object)
		above, isObjectToo := value.(object)
		switch {
		case value == nil:
			delete(base, key)
		case isObject && isObjectToo:
			base[key] = merge(below, above)
		default:
			base[key] = value
		}
	}
	return base
}

func readYaml(file string) object {
	text, err := os.ReadFile(file)
	must(err)
	value, err := fromYaml(string(text))
	must(err)
	tree, _ := value.(object)
	if tree == nil {
		tree = object{}
	}
	return tree
}

func readFiles(folder string) files {
	all := files{}
	must(filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		name, _ := filepath.Rel(folder, file)
		all[filepath.ToSlash(name)] = string(text)
		return err
	}))
	return all
}

func functions(set *template.Template, found object) template.FuncMap {
	run := func(t *template.Template, name string, data interface{}) (string, error) {
		var out strings.Builder
		err := t.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	all := sprig.TxtFuncMap()
	delete(all, "env")
	delete(all, "expandenv")
	all["toYaml"], all["toJson"], all["fromYaml"] = toYaml, toJson, func(text string) (object, error) {
		value, err := fromYaml(text)
		tree, _ := value.(object)
		return tree, err
	}
	all["fromJson"] = all["fromYaml"]
	all["fromYamlArray"] = func(text string) ([]interface{}, error) {
		value, err := fromYaml(text)
		list, _ := value.([]interface{})
		return list, err
	}
	all["fromJsonArray"] = all["fromYamlArray"]
	all["include"] = func(name string, data interface{}) (string, error) { return run(set, name, data) }
	all["tpl"] = func(text string, data interface{}) (string, error) {
		copied, err := set.Clone()
		if err != nil {
			return "", err
		}
		if _, err = copied.New("tpl").Parse(text); err != nil {
			return "", err
		}
		return run(copied, "tpl", data)
	}
	all["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", message)
		}
		return value, nil
	}
	all["lookup"] = func(version, kind, namespace, name string) object {
		object_, _ := found[strings.Join([]string{version, kind, namespace, name}, "/")].(object)
		if object_ == nil {
			object_ = object{}
		}
		return object_
	}
	return all
}

func render(j job) (r result) {
	defer func() {
		if problem := recover(); problem != nil {
			r.Error = fmt.Sprint(problem)
		}
	}()
	all := readFiles(j.Chart)
	values := readYaml(filepath.Join(j.Chart, "values.yaml"))
	for _, file := range j.ValueFiles {
		merge(values, readYaml(file))
	}
	r.Values = merge(values, j.Values)
	meta := object{}
	for key, value := range merge(readYaml(filepath.Join(j.Chart, "Chart.yaml")), j.ChartMeta) {
		meta[strings.ToUpper(key[:1])+key[1:]] = value
	}
	kube := strings.Split(strings.TrimPrefix(j.KubeVersion, "v"), ".")
	context := object{
		"Values": r.Values, "Chart": meta, "Files": all,
		"Release":      object{"Name": j.Release, "Namespace": j.Namespace, "Service": "Helm", "IsInstall": !j.Upgrade, "IsUpgrade": j.Upgrade, "Revision": 1},
		"Capabilities": object{"KubeVersion": object{"Version": j.KubeVersion, "Major": kube[0], "Minor": kube[1]}, "APIVersions": versions(j.APIVersions)},
	}
	set := template.New("chart").Option("missingkey=error")
	set.Funcs(functions(set, j.Found))
	for name, text := range all {
		if strings.HasPrefix(name, "templates/") {
			template.Must(set.New(name).Parse(text))
		}
	}
	r.Files = map[string]string{}
	for name := range all {
		if !strings.HasPrefix(name, "templates/") || strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		context["Template"] = object{"Name": name, "BasePath": "templates"}
		var out bytes.Buffer
		must(set.ExecuteTemplate(&out, name, context))
		r.Files[name] = out.String()
	}
	return r
}

func main() {
	var jobs []job
	must(json.NewDecoder(os.Stdin).Decode(&jobs))
	results := make([]result, 0, len(jobs))
	for _, j := range jobs {
		results = append(results, render(j))
	}
	must(json.NewEncoder(os.Stdout).Encode(results))
}
