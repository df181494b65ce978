package mime

// This file parses the style sheets of HTML, as far as they can hide text, and finds the declarations that apply to an
// element.

import (
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
	"golang.org/x/net/html"
)

// Bounds for style sheets. Selectors beyond them do not count, so that the time stays proportional to the size of a
// page.
const (
	maxSelector = 200     // the maximum length of a selector in bytes
	maxMatching = 1 << 22 // the maximum number of matching steps for a page
	maxExpanded = 10_000  // the maximum number of selectors that nested rules add to a page
	maxDepth    = 50      // the maximum number of blocks inside one another
)

// styleRule is a selector with the declarations of its rule set.
type styleRule struct {
	selector    cascadia.Sel
	combinators int
	sideways    bool // the selector refers to siblings
	specificity cascadia.Specificity
	order       int
	set         *ruleSet
}

// ruleSet has those declarations of a rule set that can hide something. All selectors of its list share it.
type ruleSet struct{ declared []declaration }

// styles holds the style sheets of a page. The zero value has none.
type styles struct {
	rules    map[string][]*styleRule // rules by their subject; see the func
	count    int
	siblings bool  // some selector refers to siblings
	steps    int64 // the matching steps so far
	expanded int   // the selectors that nested rules have added so far
}

// add adds a style sheet.
func (s *styles) add(sheet string) {
	r := &sheetReader{styles: s, lexer: css.NewLexer(parse.NewInputString(sheet))}
	r.block(nil, 0)
}

// sheetReader reads a style sheet (CSS Syntax 3 §5.4, CSS Nesting 1 §2).
type sheetReader struct {
	styles *styles
	lexer  *css.Lexer
}

// openRule is a rule set that is being read.
type openRule struct {
	selectors []string // with those of the rule sets around it
	rules     []*styleRule
	set       ruleSet // the declarations since the last nested rule
	filed     bool    // there were some before it
}

// block reads the content of a block in a rule set, which is nil outside of all, or of the sheet if depth is 0.
func (r *sheetReader) block(open *openRule, depth int) {
	for {
		tokens, end := r.item(open != nil, depth)
		switch {
		case end == css.LeftBraceToken && depth == maxDepth:
			r.skip()
		case end == css.LeftBraceToken && len(tokens) > 0 && tokens[0].TokenType == css.AtKeywordToken:
			r.styles.close(open)
			if applies(strings.ToLower(string(tokens[0].Data)), text(tokens[1:])) {
				r.block(open, depth+1)
				r.styles.close(open)
			} else {
				r.skip()
			}
		case end == css.LeftBraceToken:
			r.styles.close(open)
			if inner := r.styles.open(open, tokens); inner != nil {
				r.block(inner, depth+1)
				r.styles.close(inner)
			} else {
				r.skip()
			}
		case open != nil && len(tokens) > 0 && tokens[0].TokenType == css.IdentToken:
			value := tokens[1:]
			if len(value) > 0 && value[0].TokenType == css.WhitespaceToken {
				value = value[1:]
			}
			if len(value) > 0 && value[0].TokenType == css.ColonToken {
				if d, ok := declared(tokens[0].Data, value[1:]); ok {
					open.set.declared = append(open.set.declared, d)
				}
			}
		}
		if end == css.ErrorToken || end == css.RightBraceToken {
			return
		}
	}
}

// item reads what comes before the next brace or semicolon, or the end of the sheet, which is an ErrorToken. Outside of rule sets,
// a semicolon ends only an at-rule, and outside of blocks, a closing brace ends nothing; either makes the next selector malformed.
func (r *sheetReader) item(inRuleSet bool, depth int) (tokens []css.Token, end css.TokenType) {
	for inside := 0; ; {
		kind, data := r.lexer.Next()
		switch kind {
		case css.ErrorToken:
			return tokens, kind
		case css.CommentToken:
			continue
		case css.CDOToken, css.CDCToken:
			if depth == 0 && len(tokens) == 0 {
				continue
			}
		case css.WhitespaceToken:
			if len(tokens) == 0 {
				continue
			}
			data = []byte{' '}
		case css.LeftParenthesisToken, css.LeftBracketToken, css.FunctionToken:
			inside++
		case css.RightParenthesisToken, css.RightBracketToken:
			inside = max(inside-1, 0)
		case css.SemicolonToken:
			if inside == 0 && (inRuleSet || len(tokens) > 0 && tokens[0].TokenType == css.AtKeywordToken) {
				return tokens, kind
			}
		case css.LeftBraceToken:
			if inside == 0 {
				return tokens, kind
			}
		case css.RightBraceToken:
			if inside == 0 && depth > 0 {
				return tokens, kind
			}
		}
		tokens = append(tokens, css.Token{TokenType: kind, Data: data})
	}
}

// skip reads the rest of a block.
func (r *sheetReader) skip() {
	for deep := 1; deep > 0; {
		switch _, end := r.item(true, deep); end {
		case css.ErrorToken:
			return
		case css.LeftBraceToken:
			deep++
		case css.RightBraceToken:
			deep--
		}
	}
}

// open returns a rule set with a list of selectors, in another one unless that is nil. It returns nil if CSS ignores the rule set
// because a selector is malformed.
func (s *styles) open(around *openRule, list []css.Token) *openRule {
	stray := func(t css.Token) bool { return t.TokenType == css.SemicolonToken || t.TokenType == css.RightBraceToken }
	if slices.ContainsFunc(list, stray) {
		return nil
	}
	open := new(openRule)
	for _, selector := range selectors(text(list)) {
		selector = strings.TrimSpace(selector)
		if selector == "" {
			return nil
		}
		whole := []string{selector}
		if around != nil {
			whole = s.nested(around.selectors, selector)
		}
		first := len(open.rules)
		var most cascadia.Specificity
		for _, selector := range whole {
			rule, ok := s.rule(selector)
			if !ok {
				return nil
			}
			if rule != nil {
				open.selectors, open.rules = append(open.selectors, selector), append(open.rules, rule)
				if most.Less(rule.specificity) {
					most = rule.specificity
				}
			}
		}
		for _, rule := range open.rules[first:] { // as that of :is(), for which & stands
			rule.specificity = most
		}
	}
	return open
}

// nested returns the selectors for which a selector in a rule set stands, given those of the rule set.
func (s *styles) nested(around []string, selector string) (whole []string) {
	for before, rest, ok := strings.Cut(selector, "&"); ok; before, rest, ok = strings.Cut(rest, "&") {
		if before != "" && !isCombinator(rune(before[len(before)-1])) {
			return nil // it does not stand at the beginning, as in ".x&"
		}
		if rest != "" && !isCombinator(rune(rest[0])) && !strings.ContainsRune(".#[", rune(rest[0])) {
			return nil // the name of an element stands after it, as in "&-x", which would become another class
		}
	}
	if !strings.Contains(selector, "&") {
		selector = "& " + selector
	}
	count := strings.Count(selector, "&")
	for _, outer := range around {
		if s.expanded++; s.expanded > maxExpanded {
			break
		}
		if len(selector)+count*(len(outer)-1) <= maxSelector {
			whole = append(whole, strings.ReplaceAll(selector, "&", outer))
		}
	}
	return whole
}

// close files the declarations of a rule set so far, if there is one. Further ones come after them and after nested rules in
// order (CSS Nesting 1 §2.5).
func (s *styles) close(open *openRule) {
	if open == nil || len(open.set.declared) == 0 {
		return
	}
	set := open.set
	open.set = ruleSet{}
	if open.filed {
		if s.expanded += len(open.rules); s.expanded > maxExpanded {
			return
		}
	}
	open.filed = true
	for _, rule := range open.rules {
		filed := *rule
		filed.set = &set
		s.file(&filed)
	}
}

// selectors returns the selectors of a list.
func selectors(list string) (all []string) {
	begin, deep := 0, 0
	quote := byte(0)
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[' || c == '(':
			deep++
		case c == ']' || c == ')':
			deep--
		case c == ',' && deep == 0:
			all = append(all, list[begin:i])
			begin = i + 1
		}
	}
	return append(all, list[begin:])
}

// rule returns a rule with the given selector, or nil if the selector does not count because it has a pseudo-class or
// is beyond the bounds. ok is false if the selector is malformed, for which CSS ignores the whole list of selectors.
func (s *styles) rule(selector string) (rule *styleRule, ok bool) {
	selector = strings.TrimSpace(selector)
	if len(selector) > maxSelector || strings.Contains(selector, ":") {
		return nil, true
	}
	sel, err := cascadia.Parse(selector)
	if err != nil {
		return nil, false
	}
	combinators := len(strings.FieldsFunc(selector, isCombinator)) - 1
	sideways := strings.ContainsAny(selector, "+~")
	s.siblings = s.siblings || sideways
	return &styleRule{selector: sel, combinators: combinators, sideways: sideways, specificity: sel.Specificity()}, true
}

// isCombinator reports whether a character separates, or may separate, the parts of a selector.
func isCombinator(r rune) bool { return strings.ContainsRune(" \t\r\n\f>+~", r) }

// file stores a rule under its subject.
func (s *styles) file(rule *styleRule) {
	if s.rules == nil {
		s.rules = make(map[string][]*styleRule)
	}
	s.count++
	rule.order = s.count
	key := subject(rule.selector.String())
	s.rules[key] = append(s.rules[key], rule)
}

// subject returns what every element that a selector matches has: "#id", ".class", a name in lower case, or "" if that
// is not evident.
func subject(selector string) string {
	if strings.ContainsAny(selector, `\`) {
		return ""
	}
	last := selector[strings.LastIndexFunc(selector, isCombinator)+1:]
	if strings.ContainsAny(selector, "[\"'") { // an attribute value may contain spaces
		last, _, _ = strings.Cut(selector, "[")
		if strings.IndexFunc(last, isCombinator) >= 0 || strings.LastIndexByte(selector, ']') != len(selector)-1 || strings.Count(selector, "[") > 1 {
			return ""
		}
	}
	name := func(s string) string {
		if i := strings.IndexAny(s, "#.["); i >= 0 {
			s = s[:i]
		}
		return s
	}
	if _, id, ok := strings.Cut(last, "#"); ok {
		return "#" + name(id)
	}
	if _, class, ok := strings.Cut(last, "."); ok {
		return "." + name(class)
	}
	return strings.ToLower(strings.Trim(name(last), "* "))
}

// of returns the declarations for an element, from the style sheets and its own style attribute, in ascending order of
// precedence. It returns nil if there are none.
func (s *styles) of(n *html.Node, depth, siblings int, inline string) []declaration {
	type candidate struct {
		*styleRule
		declaration
	}
	var found []candidate
	add := func(key string) {
		for _, rule := range s.rules[key] {
			cost := int64(1) // the product may need more than 32 bits
			reach := depth
			if rule.sideways {
				reach = max(depth, siblings)
			}
			for range rule.combinators {
				cost = min(cost*int64(reach), maxMatching)
			}
			if s.steps >= maxMatching {
				return
			}
			if cost > maxMatching-s.steps {
				s.steps++ // the check counts as a step
				continue
			}
			s.steps += cost
			if rule.selector.Match(n) {
				s.steps += 10 * int64(len(rule.set.declared))
				for _, d := range rule.set.declared {
					found = append(found, candidate{rule, d})
				}
			}
		}
	}
	if s.count > 0 {
		add("")
		add(n.Data)
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				add("#" + a.Val)
			case "class":
				classes := strings.Fields(a.Val)
				slices.Sort(classes)
				for _, class := range slices.Compact(classes) {
					add("." + class)
				}
			}
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		switch {
		case a.specificity.Less(b.specificity):
			return -1
		case b.specificity.Less(a.specificity):
			return 1
		}
		return a.order - b.order
	})
	var all, important []declaration
	sort := func(d declaration) {
		if d.important {
			important = append(important, d)
		} else {
			all = append(all, d)
		}
	}
	for _, c := range found {
		sort(c.declaration)
	}
	if inline != "" {
		p := css.NewParser(parse.NewInputString(inline), true)
		for {
			kind, _, data := p.Next()
			if kind == css.ErrorGrammar && !p.HasParseError() {
				break
			}
			if d, ok := declared(data, p.Values()); ok && kind == css.DeclarationGrammar {
				sort(d)
			}
		}
	}
	return append(all, important...)
}
