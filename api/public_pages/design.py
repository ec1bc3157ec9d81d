"""How the public pages look beside what all pages share: sums, facts, what stands where, fields to fill in."""

from __future__ import annotations

OWN_STYLE = """
body:lang(fa){font-family:Vazirmatn,"Segoe UI",Tahoma,"Noto Sans Arabic","Noto Naskh Arabic","DejaVu Sans",sans-serif;
line-height:1.75}
h2{font-size:1.1rem;margin:1.4rem 0 .4rem}
.payee{color:#4b5563;margin:.2rem 0 0}
.sum{font-size:2rem;font-weight:800;line-height:1.25;margin:.2rem 0 .4rem;font-variant-numeric:tabular-nums}
.also{display:block;font-weight:400;font-size:.88em;color:#4b5563}
.sum .also{font-size:1rem;font-weight:600}
.facts{margin:0}
.facts div{display:flex;justify-content:space-between;gap:1rem;padding:.5rem 0;border-top:1px solid #eef0f3}
.facts div:first-child{border-top:0}
.facts dt{color:#4b5563;flex:1 1 auto}
.facts dd{margin:0;font-weight:600;text-align:end;flex:0 1 auto}
.sum+.facts{margin-top:.6rem;border-top:1px solid #e1e4e8;padding-top:.3rem}
.good,.waits,.over{border-radius:14px;padding:1rem 1.25rem;margin:.9rem 0;border:1px solid}
.good{background:#e8f6ec;border-color:#8ccb9f;color:#14532d}
.waits{background:#eaf1ff;border-color:#a9c1f5;color:#1e3a8a}
.over{background:#f3f4f6;border-color:#cbd0d8;color:#374151}
.good b,.waits b,.over b{display:block;font-size:1.1rem}
.good p,.waits p,.over p{margin:.2rem 0 0}
.number{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:1.12rem;font-weight:700;
white-space:nowrap;unicode-bidi:isolate;direction:ltr;display:block}
input.line,textarea,select{display:block;width:100%;margin-top:.4rem;font:inherit;font-size:1.1rem;font-weight:400;
letter-spacing:0;text-align:start;padding:.7rem;
border:2px solid #9aa3af;border-radius:10px;background:#fff;color:inherit}
input.line::placeholder{font-size:1rem}
textarea{min-height:6rem;resize:vertical}
.hint{color:#4b5563;font-size:.92rem;margin:.3rem 0 0}
.terms{white-space:pre-line;max-height:14rem;overflow:auto;background:#f8fafc;border:1px solid #e1e4e8;
border-radius:10px;padding:.8rem 1rem;font-size:.95rem}
.tick{display:flex;gap:.8rem;align-items:center;min-height:2.75rem;font-weight:600;padding:.4rem 0;cursor:pointer}
.tick input{width:1.4rem;height:1.4rem;flex:none;margin:0;accent-color:#1d4ed8}
.no{background:#fff;color:#8a1414;border:2px solid #c55}
details{margin:.9rem 0;background:#fff;border:1px solid #e1e4e8;border-radius:14px;padding:0 1.25rem}
summary{font-weight:600;padding:.9rem 0;cursor:pointer;color:#1d4ed8}
details[open]{padding-bottom:1.25rem}
.list{list-style:none;margin:0;padding:0}
.list li{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;padding:.6rem 0;
border-top:1px solid #eef0f3}
.list li:first-child{border-top:0}
.list li>span:first-child{flex:1 1 8rem;min-width:0}
.list li>span+span{text-align:end;font-weight:600;white-space:nowrap}
form.panel:not(:has(>p:first-child))>input[type=hidden]+:is(label,fieldset,p,h2,dl){margin-top:0}
.list small{display:block;color:#4b5563;font-weight:400;font-size:.92rem}
.list li>small{flex:0 0 100%}
@media (min-width:48rem){.bar,main{max-width:36rem}}
"""
