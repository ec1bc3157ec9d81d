"""How the recipient page looks beside what all pages share: cards of coupons."""

from __future__ import annotations

OWN_STYLE = """
.card{background:#fff;border:1px solid #d5dae1;border-radius:16px;margin:1rem 0;overflow:hidden}
.card header{padding:1.1rem 1.25rem .9rem}
.brand{color:#4b5563;font-size:.95rem;margin:0}
.name{font-size:1.2rem;font-weight:700;margin:.1rem 0 0}
.code{border-top:2px dashed #d5dae1;background:#f8fafc;padding:1rem 1.25rem;text-align:center}
.code span{display:block;color:#4b5563;font-size:.9rem}
.digits{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:1.45rem;font-weight:700;
white-space:nowrap;letter-spacing:.02em;margin:.2rem 0}
.until{display:flex;justify-content:space-between;gap:1rem;padding:.8rem 1.25rem;border-top:1px solid #e1e4e8;margin:0}
.until dt{color:#4b5563}.until dd{margin:0;font-weight:600;text-align:end}
.off{background:#f8fafc}.off .name{color:#6b7280;text-decoration:line-through}
.item.gone .tag{margin-inline-start:auto;white-space:nowrap}
.item.gone{cursor:default;background:#f3f4f6;color:#6b7280;border-style:dashed}
@media (max-width:22rem){.digits{font-size:1.2rem}}
"""
