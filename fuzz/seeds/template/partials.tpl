{{#r}}
  {{> row }}
{{/r}}
{{>none}}	{{>row}}
=== row
{{s}}
{{#r}}
 {{> row}}
{{/r}}{{> cell}}
=== cell
[{{w}}
]
