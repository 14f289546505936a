<#
.SYNOPSIS
Tells Schoolgate who sits at this computer.

.DESCRIPTION
Run by tasks of SYSTEM (install.ps1 makes them) when somebody signs in, locks or unlocks the screen, signs out, and every five
minutes. It looks who is at the console, whether the screen is locked, and says what has changed. The token is in a file that
only SYSTEM and administrators can read: a pupil who had it could sign in on their own computer as somebody else.
#>
[CmdletBinding()]
param(
    # A folder with gate.json ({ "gate": "https://portal.school.example:8443", "token": "..." }) and what was last said.
    [string]$Folder = "$env:ProgramData\Schoolgate",
    # Somebody has come to the screen just now: said again even if it is the same person.
    [switch]$Arrived
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$settings = Get-Content -Raw -LiteralPath (Join-Path $Folder 'gate.json') | ConvertFrom-Json
$lastFile = Join-Path $Folder 'last.txt'
# In quotes: of an empty file, which a power cut leaves, nothing at all is read.
$last = if (Test-Path -LiteralPath $lastFile) { "$(Get-Content -Raw -LiteralPath $lastFile)".Trim() } else { '' }

# Who is at the console: DOMAIN\user, or nobody. Remote desktop sessions are no one person's address: those servers are `shared`.
$user = (Get-CimInstance -ClassName Win32_ComputerSystem).UserName
if (-not $user) { $user = '' }
# While the screen is locked, or shows the sign-in page, LogonUI runs in the console's session.
# Nobody is signed in: there is no explorer, and no session to ask it for.
$console = Get-Process -Name 'explorer' -ErrorAction SilentlyContinue | Select-Object -First 1 -ExpandProperty SessionId
$locked = @(Get-Process -Name 'LogonUI' -ErrorAction SilentlyContinue | Where-Object { $_.SessionId -eq $console }).Count -gt 0
if ($locked) { $user = '' }

function Send-Event([string]$Name, [string]$Who) {
    $body = @{ event = $Name; user = $Who } | ConvertTo-Json -Compress
    $request = @{
        Uri             = $settings.gate.TrimEnd('/') + '/api/session'
        Method          = 'Post'
        Headers         = @{ Authorization = 'Bearer ' + $settings.token }
        ContentType     = 'application/json; charset=utf-8'
        Body            = [Text.Encoding]::UTF8.GetBytes($body)
        TimeoutSec      = 10
        UseBasicParsing = $true
    }
    # The gate must see this computer's own address, not a proxy's.
    $request.Uri = [Uri]$request.Uri
    [Net.WebRequest]::DefaultWebProxy = New-Object Net.WebProxy
    # Windows PowerShell does not offer it by itself everywhere.
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    $answer = Invoke-RestMethod @request
    if (-not $answer.known) { Write-Warning "Schoolgate does not know the user $Who" }
}

try {
    if ($last -and $last -ne $user) { Send-Event 'sign-out' $last }
    if ($user) {
        $name = if ($Arrived -or $last -ne $user) { 'sign-in' } else { 'heartbeat' }
        Send-Event $name $user
    }
    Set-Content -LiteralPath $lastFile -Value $user
}
catch {
    # Told anew in five minutes; by then the gate has forgotten nobody who is here, and whoever has gone ends by themselves.
    Write-Warning "Schoolgate was not told: $($_.Exception.Message)"
    exit 1
}
