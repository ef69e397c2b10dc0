no tags: } { }} é
{{! multi
line }}
{{#t}}
{{.}}
{{/t}}
