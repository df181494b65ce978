package corpus

// This file writes format=flowed (RFC 3676).

func flowed() []Message {
	var all []Message
	long := "This paragraph is a good deal longer than one line of a terminal, so that a program that writes format=flowed has to break it, and one that reads it has to put it together again."
	for _, c := range []struct{ name, text string }{
		{"paragraphs", "Hello Bob,\n\n" + long + "\n\n" + long + "\n"},
		{"quotes", "On Tuesday you wrote:\n> " + long + "\n>> And before that: " + long + "\n\nYes.\n"},
		{"stuffed", "From now on it is so.\n indented by one\n  indented by two\n" + long + "\n"},
		{"signature", long + "\n\n-- \nAlice Chen\nExample Ltd.\n"},
		{"umlauts", "Größe und Wörter, die über das Ende der Zeile hinausgehen, weil der Absatz länger ist als eine Zeile sein darf, müssen heil ankommen.\n"},
		{"short", "One.\nTwo.\nThree.\n"},
	} {
		for _, cte := range []struct {
			name   string
			encode func(string, []byte) (cte, body string)
		}{{"8bit", as8bit}, {"qp", asQuoted}} {
			name, body := cte.encode("utf-8", []byte(lines(wrapFlowed(c.text, 70))))
			all = append(all, byHand("flowed", c.name+"-"+cte.name, lines("{head}\nSubject: "+c.name+"\nUser-Agent: Mozilla Thunderbird\n"+
				"Content-Type: text/plain; charset=UTF-8; format=flowed\nContent-Transfer-Encoding: "+name+"\n\n")+body, Want{Subject: c.name, Text: c.text}))
		}
	}
	all = append(all,
		byHand("flowed", "delsp-japanese", "{head}\nSubject: delsp\nContent-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\nContent-Transfer-Encoding: 8bit\n\n"+
			"日本語には単語の間に空白がないので、 \n行を分けるときだけ空白を置きます。\n終わり\n", Want{Subject: "delsp", Text: "日本語には単語の間に空白がないので、行を分けるときだけ空白を置きます。\n終わり\n"}),
		byHand("flowed", "fixed", "{head}\nSubject: fixed\nContent-Type: text/plain; charset=utf-8; format=fixed\n\na space behind this line \nstays\n",
			Want{Subject: "fixed", Text: "a space behind this line \nstays\n"}),
		byHand("flowed", "depth-changes", "{head}\nSubject: depth\nContent-Type: text/plain; format=flowed\n\n> a quote that should go on \n>> is cut by one below it\nand text\n",
			Want{Subject: "depth", Text: "> a quote that should go on \n>> is cut by one below it\nand text\n"}),
	)
	return all
}
